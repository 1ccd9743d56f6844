(* P13. The lost score concentrates whatever the tail.

   Every feasible mask loses at least sum Y_i, Y_i = min(p_i, lambda c_i) - lambda beta c_i, terms in [-lambda
   beta c_max, lambda (1 - beta) c_max]; prefix CWMP at most sum p_i 1[p_i <= lambda' c_i], terms in [0, lambda'
   c_max], when the rule p > lambda' c fits. So the lost score has a two-sided bound by Hoeffding, Bernstein or
   Chebyshev.

   Assumes: costs bounded, or E c^2 finite (Chebyshev); nothing of the magnitudes, E p may be infinite. *)
From Coq Require Import Reals Lra Psatz List Bool Arith Sorted.
From CWMP Require Import Prices FiniteLaw.
Import ListNotations.
Open Scope R_scope.

Definition Y (beta lam : R) (I : instance R) (i : nat) : R := Rmin (p I i) (lam * c I i) - lam * beta * c I i.

(* The rule p > lam c, and what it drops. *)
Definition rule (lam : R) (I : instance R) (i : nat) : R := if Rlt_dec (lam * c I i) (p I i) then 1 else 0.
Definition dropped (lam : R) (I : instance R) (i : nat) : R := if Rlt_dec (lam * c I i) (p I i) then 0 else p I i.

Definition pointwise : Prop := forall I beta cmax, valid I -> 0 <= beta <= 1 -> (forall i, In i (indices I) -> c I i <= cmax) ->
  (* every candidate within the budget loses at least the sum of the Y_i, whose range does not depend on the scores *)
  (forall lam z, 0 <= lam -> B I = beta * sum (c I) (indices I) -> fractional I z -> spend I z <= B I ->
     sum (Y beta lam I) (indices I) <= sum (p I) (indices I) - value I z /\
     forall i, In i (indices I) -> - (lam * beta * cmax) <= Y beta lam I i <= lam * (1 - beta) * cmax) /\
  (* and prefix CWMP at most what a rule that fits drops *)
  (forall lam, 0 <= lam -> spend I (rule lam I) <= B I ->
     sum (p I) (indices I) - value I (kept (cwmp reals I)) <= sum (dropped lam I) (indices I) /\
     forall i, In i (indices I) -> 0 <= dropped lam I i <= lam * cmax).

(* So for finite laws, outcomes w of probability q w in which coordinate k has score p k w and cost c k w. *)
Definition claim : Prop := pointwise /\
  forall outcomes q d p c beta lam cmax m, law outcomes q -> (0 < d)%nat -> 0 <= beta <= 1 -> 0 <= lam ->
  let instance_in w := Instance d (fun k => p k w) (fun k => c k w) (beta * sum (fun k => c k w) (seq 0 d)) in
  let lost z w := (sum (fun k => p k w) (seq 0 d) - value (instance_in w) z) / INR d in
  (forall w, In w (seq 0 outcomes) -> valid (instance_in w) /\ forall k, In k (seq 0 d) -> c k w <= cmax) ->
  (forall z, (forall w, In w (seq 0 outcomes) -> fractional (instance_in w) (z w) /\ spend (instance_in w) (z w) <= B (instance_in w)) ->
     (forall k, In k (seq 0 d) -> mean outcomes q (fun w => Y beta lam (instance_in w) k) = m) ->
     bounds outcomes q d p c (fun x y => - (Rmin x (lam * y) - lam * beta * y)) (lam * cmax)
       (fun e => chance outcomes q (fun w => less (lost (z w) w) (m - e)))) /\
  ((forall k, In k (seq 0 d) -> mean outcomes q (fun w => dropped lam (instance_in w) k) = m) ->
     bounds outcomes q d p c (fun x y => if Rlt_dec (lam * y) x then 0 else x) (lam * cmax)
       (fun e => chance outcomes q (fun w => negb (less (B (instance_in w)) (spend (instance_in w) (rule lam (instance_in w)))) &&
          less (m + e) (lost (kept (cwmp reals (instance_in w))) w)))).

Lemma keeps_the_rule I lam i : valid I -> 0 <= lam -> spend I (rule lam I) <= B I -> In i (indices I) ->
  lam * c I i < p I i -> In i (cwmp reals I).
Proof.
  intros V L F Li Q. assert (Rule : forall j, In j (indices I) -> 0 <= rule lam I j * c I j).
  { intros j Lj. destruct (proj2 V j Lj). unfold rule. destruct Rlt_dec; lra. }
  destruct (proj2 V i Li) as [_ Ci]. assert (Ri : rule lam I i = 1) by (unfold rule; destruct Rlt_dec; tauto).
  assert (A : c I i <= B I).
  { eapply Rle_trans; [|exact F]. pose proof (sum_one (fun j => rule lam I j * c I j) (indices I) i Rule Li) as G.
    cbv beta in G. rewrite Ri in G. unfold spend. lra. }
  assert (O : In i (by_density reals I)).
  { unfold by_density. rewrite sort_in, eligible_spec. repeat split; auto. nra. }
  pose proof (by_density_sorted I V) as S. pose proof (order_nodup (denser reals I) I) as N. fold (by_density reals I) in N.
  unfold cwmp. destruct (prefix_spec (c I) (by_density reals I) (B I)) as [[_ E]|(s & r & _ & E & G)]; [now rewrite <- E|].
  set (a := prefix reals (c I) (B I) (by_density reals I)) in *. destruct (in_dec Nat.eq_dec i a) as [Y|Y]; [exact Y|exfalso].
  rewrite E in S. apply sorted_split in S as [S1 S2].
  assert (In_order : forall j, In j (a ++ [s]) -> In j (indices I)).
  { intros j J. apply (order_in (denser reals I) I j). fold (by_density reals I). rewrite E.
    apply in_app_or in J as [J|[<-|[]]]; apply in_or_app; [now left|right; now left]. }
  assert (Ds : lam < density I s).
  { assert (lam < density I i) by (apply Rmult_lt_reg_r with (c I i); [exact Ci|]; rewrite density_times by exact Ci; exact Q).
    rewrite E in O. apply in_app_or in O as [O|[<-|O]]; [tauto|auto|]. apply StronglySorted_inv in S1 as [_ S1].
    rewrite Forall_forall in S1. specialize (S1 i O). lra. }
  assert (Dense : forall j, In j (a ++ [s]) -> rule lam I j = 1).
  { intros j J. destruct (proj2 V j (In_order j J)) as [_ Cj]. unfold rule. destruct Rlt_dec as [|X]; [auto|exfalso]. apply X.
    rewrite <- (density_times I j Cj). apply Rmult_lt_compat_r; [exact Cj|].
    apply in_app_or in J as [J|[<-|[]]]; [|exact Ds]. specialize (S2 j s J (or_introl eq_refl)). lra. }
  assert (sum (c I) (a ++ [s]) <= spend I (rule lam I)).
  { rewrite <- (kept_sum I (a ++ [s])).
    - apply sum_le. intros j J. specialize (Rule j J). unfold kept. destruct in_dec as [X|X]; [rewrite (Dense j X); lra|lra].
    - rewrite E in N. replace (a ++ s :: r) with ((a ++ [s]) ++ r) in N by (rewrite <- app_assoc; reflexivity).
      clear -N. induction (a ++ [s]) as [|x l IH]; [constructor|]. cbn in N. apply NoDup_cons_iff in N as [N1 N2].
      constructor; [|auto]. intros X. apply N1, in_or_app. now left.
    - exact In_order. }
  rewrite sum_app in H. cbn [total add reals] in H. cbn in H, G. lra.
Qed.

Lemma in_each_outcome : pointwise.
Proof.
  intros I beta cmax V Hb C. split.
  2: { intros lam L F. split.
       - unfold value. rewrite <- sum_minus. apply sum_le. intros i Li. unfold dropped.
         destruct (Rlt_dec (lam * c I i) (p I i)) as [Q|Q].
         + rewrite kept_in; [lra|]. now apply (keeps_the_rule I lam).
         + destruct (proj2 V i Li). destruct (kept_01 (cwmp reals I) i) as [-> | ->]; lra.
       - intros i Li. unfold dropped. destruct (proj2 V i Li). specialize (C i Li).
         assert (0 <= lam * cmax) by nra. destruct Rlt_dec; [lra|]. nra. }
  intros lam z L E Z F. split.
  - assert (G : sum (Y beta lam I) (indices I) <=
      sum (fun i => (1 - z i) * p I i + lam * (z i * c I i) - lam * beta * c I i) (indices I)).
    { apply sum_le. intros i K. unfold Y. specialize (Z i K). pose proof (Rmin_l (p I i) (lam * c I i)).
      pose proof (Rmin_r (p I i) (lam * c I i)).
      assert (Rmin (p I i) (lam * c I i) = (1 - z i) * Rmin (p I i) (lam * c I i) + z i * Rmin (p I i) (lam * c I i)) by ring.
      assert ((1 - z i) * Rmin (p I i) (lam * c I i) <= (1 - z i) * p I i) by (apply Rmult_le_compat_l; lra).
      assert (z i * Rmin (p I i) (lam * c I i) <= z i * (lam * c I i)) by (apply Rmult_le_compat_l; lra). lra. }
    eapply Rle_trans; [exact G|]. rewrite sum_minus, sum_plus, !sum_scale. fold (spend I z).
    rewrite (sum_ext (fun i => (1 - z i) * p I i) (fun i => p I i - z i * p I i)) by (intros; ring).
    rewrite sum_minus. fold (value I z). change (fun i => p I i) with (p I). change (fun i => c I i) with (c I).
    assert (lam * beta * sum (c I) (indices I) = lam * B I) by (rewrite E; ring). nra.
  - intros i K. unfold Y. destruct (proj2 V i K) as [Pi Ci]. specialize (C i K).
    assert (0 <= Rmin (p I i) (lam * c I i)) by (apply Rmin_glb; nra). pose proof (Rmin_r (p I i) (lam * c I i)).
    assert (lam * beta * c I i <= lam * beta * cmax) by (apply Rmult_le_compat_l; nra).
    assert (lam * (1 - beta) * c I i <= lam * (1 - beta) * cmax) by (apply Rmult_le_compat_l; nra).
    assert (0 <= lam * beta) by nra. split; nra.
Qed.

Theorem proved : claim.
Proof.
  split; [exact in_each_outcome|]. intros outcomes q d p c beta lam cmax m Q D Hb L In_ lost V.
  assert (Dp : 0 < INR d) by now apply lt_0_INR.
  assert (Times : forall x y, x < y / INR d <-> INR d * x < y).
  { intros x y. split; intros H.
    - apply Rmult_lt_compat_l with (r := INR d) in H; [|exact Dp]. replace (INR d * (y / INR d)) with y in H by (field; lra). exact H.
    - apply Rmult_lt_reg_l with (INR d); [exact Dp|]. replace (INR d * (y / INR d)) with y by (field; lra). exact H. }
  split.
  - intros z F Mean. replace (lam * cmax) with (lam * beta * cmax - - (lam * (1 - beta) * cmax)) by ring.
    apply (bounds_hold outcomes q Q d p c D _ (- m)).
    + intros k K. rewrite <- (Mean k K). rewrite <- (Ropp_involutive (mean outcomes q (fun w => Y beta lam (In_ w) k))).
      rewrite (mean_ext _ _ _ (fun w => -1 * Y beta lam (In_ w) k)) by (intros; unfold Y; cbn; ring). rewrite mean_scale. ring.
    + intros k w K W. destruct (V w W) as [Vw C]. destruct (F w W) as [Z S].
      destruct (proj1 (in_each_outcome (In_ w) beta cmax Vw Hb C) lam (z w) L (eq_refl _) Z S) as [_ R1].
      specialize (R1 k K). unfold Y in R1. cbn in R1. lra.
    + intros e. apply chance_le; [exact Q|]. intros w W X. destruct (V w W) as [Vw C]. destruct (F w W) as [Z S].
      destruct (proj1 (in_each_outcome (In_ w) beta cmax Vw Hb C) lam (z w) L (eq_refl _) Z S) as [R1 _].
      apply less_true in X. apply less_true.
      assert (E : sum (fun k => - (Rmin (p k w) (lam * c k w) - lam * beta * c k w)) (seq 0 d) = - sum (Y beta lam (In_ w)) (seq 0 d)).
      { rewrite (sum_ext _ (fun k => -1 * Y beta lam (In_ w) k)) by (intros; unfold Y; cbn; ring). rewrite sum_scale. ring. }
      rewrite E. unfold lost in X. apply Rmult_lt_compat_l with (r := INR d) in X; [|exact Dp].
      replace (INR d * ((sum (fun k => p k w) (seq 0 d) - value (In_ w) (z w)) / INR d)) with
        (sum (fun k => p k w) (seq 0 d) - value (In_ w) (z w)) in X by (field; lra).
      change (indices (In_ w)) with (seq 0 d) in R1. change (Selectors.p (In_ w)) with (fun k => p k w) in R1. lra.
  - intros Mean. replace (lam * cmax) with (lam * cmax - 0) by ring. apply (bounds_hold outcomes q Q d p c D _ m).
    + exact Mean.
    + intros k w K W. destruct (V w W) as [Vw C]. destruct (proj2 Vw k K) as [P0 C0]. specialize (C k K). cbn in P0, C0.
      assert (lam * c k w <= lam * cmax) by (apply Rmult_le_compat_l; lra). assert (0 <= lam * c k w) by (apply Rmult_le_pos; lra).
      destruct Rlt_dec; lra.
    + intros e. apply chance_le; [exact Q|]. intros w W X. destruct (V w W) as [Vw C]. apply andb_true_iff in X as [X1 X2].
      apply less_true. apply less_true, Times in X2. apply negb_true_iff, not_true_iff_false in X1. rewrite less_true in X1.
      destruct (proj2 (in_each_outcome (In_ w) beta cmax Vw Hb C) lam L (Rnot_lt_le _ _ X1)) as [R1 _].
      eapply Rlt_le_trans; [exact X2|]. exact R1.
Qed.
