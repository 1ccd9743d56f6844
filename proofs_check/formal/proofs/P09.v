(* P9. Top-K overtakes CWMP exponentially rarely.

   P(prefix CWMP retains less than Top-K) <= exp(-2d a^2/c_max^2) + exp(-2d b^2/c_max^2) + exp(-2d D^2/w^2), a = beta
   E c - C(lambda'), b = K(tau') - beta E c, D = P(lambda') - T(tau'), w = tau'^2 + min(p_max, lambda' c_max).

   Assumes: costs bounded, beta d c_min >= c_max, V > V_K; magnitudes need not be bounded. *)
From Coq Require Import Reals Lra Psatz List Bool Arith.
From CWMP Require Import Prices FiniteLaw.
From CWMP Require Import P13.
Import ListNotations.
Open Scope R_scope.

(* x where p > y, else 0 *)
Definition where_above (y p x : R) : R := if Rlt_dec y p then x else 0.

(* A finite law as in P7; t is tau'^2. That V > V_K is what makes a, b and D positive for some lam and t. *)
Definition claim : Prop := forall outcomes q d p c beta lam t a b D cmin cmax pmax, law outcomes q -> (0 < d)%nat ->
  independent outcomes q d p c -> 0 <= beta <= 1 -> 0 <= lam -> 0 <= t ->
  (forall k w, In k (seq 0 d) -> In w (seq 0 outcomes) -> 0 <= p k w <= pmax /\ 0 < c k w /\ cmin <= c k w <= cmax) ->
  cmax <= beta * INR d * cmin ->
  let E := mean outcomes q in
  (forall k, In k (seq 0 d) ->
     a = beta * E (c k) - E (fun w => where_above (lam * c k w) (p k w) (c k w)) /\
     b = E (fun w => where_above t (p k w) (c k w)) - beta * E (c k) /\
     D = E (fun w => where_above (lam * c k w) (p k w) (p k w)) - E (fun w => where_above t (p k w) (p k w))) ->
  0 < a -> 0 < b -> 0 < D ->
  let instance_in w := Instance d (fun k => p k w) (fun k => c k w) (beta * sum (fun k => c k w) (seq 0 d)) in
  chance outcomes q (fun w => less (value (instance_in w) (kept (cwmp reals (instance_in w))))
                                   (value (instance_in w) (kept (top_k reals (instance_in w))))) <=
  exp (- (2 * INR d * a ^ 2 / cmax ^ 2)) + exp (- (2 * INR d * b ^ 2 / cmax ^ 2)) +
  exp (- (2 * INR d * D ^ 2 / (t + Rmin pmax (lam * cmax)) ^ 2)).

(* Where all that scores more than t overruns the budget, Top-K keeps nothing else. *)
Lemma top_k_above I t i : valid I -> 0 <= t -> (forall j, In j (indices I) -> c I j <= B I) ->
  B I < sum (fun j => where_above t (p I j) (c I j)) (indices I) -> In i (top_k reals I) -> t < p I i.
Proof.
  intros V T A Over L. apply Rnot_le_lt. intros N. pose proof (by_score_sorted I) as S. unfold top_k in *.
  pose proof (prefix_of_order (c I) (larger reals I) I (B I)) as [Nd Inc]. fold (by_score reals I) in Nd, Inc.
  pose proof (prefix_fits (c I) (by_score reals I) (B I) (proj1 V)) as F.
  assert (All : forall j, In j (indices I) -> t < p I j -> In j (prefix reals (c I) (B I) (by_score reals I))).
  { intros j Lj Q. assert (O : In j (by_score reals I)).
    { unfold by_score. rewrite sort_in, eligible_spec. repeat split; auto. lra. }
    destruct (prefix_spec (c I) (by_score reals I) (B I)) as [[_ E]|(s & r & _ & E & _)]; [now rewrite <- E|].
    rewrite E in S, O. apply sorted_split in S as [_ S]. apply in_app_or in O as [O|O]; [exact O|exfalso].
    specialize (S i j L O). lra. }
  assert (sum (fun j => where_above t (p I j) (c I j)) (indices I) <= sum (c I) (prefix reals (c I) (B I) (by_score reals I))); [|lra].
  rewrite <- (kept_sum I _ (c I) Nd Inc). apply sum_le. intros j Lj. destruct (proj2 V j Lj) as [_ C].
  unfold where_above. destruct Rlt_dec as [Q|Q]; [rewrite kept_in; [lra|auto]|].
  destruct (kept_01 (prefix reals (c I) (B I) (by_score reals I)) j) as [-> | ->]; lra.
Qed.

Theorem proved : claim.
Proof.
  intros outcomes q d p c beta lam t a b D cmin cmax pmax Q Dn Ind Hb L T Data Room E Gap A0 B0 D0 In_.
  assert (Dz : In 0%nat (seq 0 d)) by (apply in_seq; split; [apply Nat.le_0_l|exact Dn]).
  assert (Some : exists w, In w (seq 0 outcomes)).
  { destruct outcomes as [|n]; [destruct Q as [_ Q]; cbn in Q; lra|]. exists 0%nat. apply in_seq. split; [apply Nat.le_0_l|apply Nat.lt_0_succ]. }
  assert (Cm : 0 < cmax) by (destruct Some as [w W]; destruct (Data 0%nat w Dz W); lra).
  set (f1 := fun x y => where_above (lam * y) x y - beta * y).
  set (f2 := fun x y => beta * y - where_above t x y).
  set (f3 := fun x y => where_above t x x - where_above (lam * y) x x).
  set (top := Rmin pmax (lam * cmax)).
  assert (M1 : forall k, In k (seq 0 d) -> E (fun w => f1 (p k w) (c k w)) = - a).
  { intros k K. destruct (Gap k K) as (Ea & _ & _). unfold f1, E in *. rewrite mean_minus, mean_scale. lra. }
  assert (M2 : forall k, In k (seq 0 d) -> E (fun w => f2 (p k w) (c k w)) = - b).
  { intros k K. destruct (Gap k K) as (_ & Eb & _). unfold f2, E in *. rewrite mean_minus, mean_scale. lra. }
  assert (M3 : forall k, In k (seq 0 d) -> E (fun w => f3 (p k w) (c k w)) = - D).
  { intros k K. destruct (Gap k K) as (_ & _ & Ed). unfold f3, E in *. rewrite mean_minus. lra. }
  assert (R1 : forall k w, In k (seq 0 d) -> In w (seq 0 outcomes) -> - (beta * cmax) <= f1 (p k w) (c k w) <= (1 - beta) * cmax).
  { intros k w K W. destruct (Data k w K W) as (P & C & C'). unfold f1, where_above.
    assert (beta * c k w <= beta * cmax) by (apply Rmult_le_compat_l; lra).
    assert ((1 - beta) * c k w <= (1 - beta) * cmax) by (apply Rmult_le_compat_l; lra).
    assert (0 <= beta * c k w) by (apply Rmult_le_pos; lra). assert (0 <= (1 - beta) * c k w) by (apply Rmult_le_pos; lra).
    destruct Rlt_dec; split; lra. }
  assert (R2 : forall k w, In k (seq 0 d) -> In w (seq 0 outcomes) -> - ((1 - beta) * cmax) <= f2 (p k w) (c k w) <= beta * cmax).
  { intros k w K W. destruct (Data k w K W) as (P & C & C'). unfold f2, where_above.
    assert (beta * c k w <= beta * cmax) by (apply Rmult_le_compat_l; lra).
    assert ((1 - beta) * c k w <= (1 - beta) * cmax) by (apply Rmult_le_compat_l; lra).
    assert (0 <= beta * c k w) by (apply Rmult_le_pos; lra). assert (0 <= (1 - beta) * c k w) by (apply Rmult_le_pos; lra).
    destruct Rlt_dec; split; lra. }
  assert (R3 : forall k w, In k (seq 0 d) -> In w (seq 0 outcomes) -> - t <= f3 (p k w) (c k w) <= top).
  { intros k w K W. destruct (Data k w K W) as (P & C & C'). unfold f3, where_above, top.
    assert (lam * c k w <= lam * cmax) by (apply Rmult_le_compat_l; lra).
    assert (0 <= Rmin pmax (lam * cmax)) by (apply Rmin_glb; nra).
    destruct (Rlt_dec t (p k w)), (Rlt_dec (lam * c k w) (p k w)) as [X|X]; try (split; lra).
    split; [lra|]. rewrite Rminus_0_r. apply Rmin_glb; lra. }
  assert (Tp : 0 < t + top).
  { assert (- t <= - D).
    { rewrite <- (M3 0%nat Dz). apply Rle_trans with (E (fun _ => - t)); [unfold E; rewrite mean_const; [lra|exact Q]|].
      apply mean_le; [exact Q|]. intros w W. apply (R3 0%nat w Dz W). }
    assert (0 <= top); [|lra]. destruct Some as [w W]. destruct (Data 0%nat w Dz W). apply Rmin_glb; nra. }
  set (S f w := sum (fun k => f (p k w) (c k w)) (seq 0 d)).
  assert (H1 := hoeffding_sum outcomes q Q d p c Dn f1 (- a) _ _ Ind (fun k K => Req_le _ _ (M1 k K)) R1 a A0).
  assert (H2 := hoeffding_sum outcomes q Q d p c Dn f2 (- b) _ _ Ind (fun k K => Req_le _ _ (M2 k K)) R2 b B0).
  assert (H3 := hoeffding_sum outcomes q Q d p c Dn f3 (- D) _ _ Ind (fun k K => Req_le _ _ (M3 k K)) R3 D D0).
  replace ((1 - beta) * cmax - - (beta * cmax)) with cmax in H1 by ring. specialize (H1 ltac:(lra)).
  replace (beta * cmax - - ((1 - beta) * cmax)) with cmax in H2 by ring. specialize (H2 ltac:(lra)).
  replace (top - - t) with (t + top) in H3 by ring. specialize (H3 ltac:(lra)).
  eapply Rle_trans; [|apply Rplus_le_compat; [apply Rplus_le_compat; [exact H1|exact H2]|exact H3]].
  eapply Rle_trans; [apply (chance_union _ _ Q _ (fun w => negb (less (S f1 w) (INR d * (- a + a))) || negb (less (S f2 w) (INR d * (- b + b))))
    (fun w => negb (less (S f3 w) (INR d * (- D + D)))))|apply Rplus_le_compat_r, chance_union; [exact Q|]; intros w _ X; now apply orb_true_iff].
  intros w W X. apply less_true in X. rewrite orb_true_iff, !negb_true_iff. rewrite !Rplus_opp_l, !Rmult_0_r.
  assert (Lt : forall x, less x 0 = false <-> 0 <= x).
  { intros x. rewrite <- not_true_iff_false, less_true. lra. }
  rewrite !Lt. destruct (Rle_dec 0 (S f1 w)) as [|N1]; [auto|]. destruct (Rle_dec 0 (S f2 w)) as [|N2]; [auto|]. right.
  assert (V : valid (In_ w)).
  { split; [|intros k K; destruct (Data k w K W); cbn; lra]. cbn. apply Rmult_le_pos; [lra|]. apply sum_nonneg.
    intros k K. destruct (Data k w K W). lra. }
  assert (Fits : forall k, In k (indices (In_ w)) -> Selectors.c (In_ w) k <= B (In_ w)).
  { intros k K. destruct (Data k w K W) as (_ & _ & C). cbn. apply Rle_trans with cmax; [lra|]. eapply Rle_trans; [exact Room|].
    rewrite Rmult_assoc. apply Rmult_le_compat_l; [lra|]. apply Rle_trans with (sum (fun _ => cmin) (seq 0 d)).
    - rewrite sum_const, seq_length. lra.
    - apply sum_le. intros j J. destruct (Data j w J W). lra. }
  assert (S1 : spend (In_ w) (rule lam (In_ w)) <= B (In_ w)).
  { unfold S, f1 in N1. rewrite sum_minus, sum_scale in N1. unfold spend, indices. cbn [Selectors.c Selectors.B In_ Selectors.d].
    rewrite (sum_ext _ (fun k => where_above (lam * c k w) (p k w) (c k w))); [cbn in *; lra|].
    intros k _. unfold rule, where_above. cbn. destruct Rlt_dec; ring. }
  assert (S2 : B (In_ w) < sum (fun k => where_above t (p k w) (c k w)) (seq 0 d)).
  { unfold S, f2 in N2. rewrite sum_minus, sum_scale in N2. cbn in *. lra. }
  unfold S, f3. rewrite sum_minus.
  assert (Low : sum (fun k => where_above (lam * c k w) (p k w) (p k w)) (seq 0 d) <= value (In_ w) (kept (cwmp reals (In_ w)))).
  { apply sum_le. intros k K. destruct (proj2 V k K) as [P _]. change (Selectors.p (In_ w) k) with (p k w) in *. unfold where_above. destruct Rlt_dec as [Y|Y].
    - rewrite kept_in; [lra|]. now apply (keeps_the_rule (In_ w) lam k V L S1).
    - destruct (kept_01 (cwmp reals (In_ w)) k) as [-> | ->]; lra. }
  assert (High : value (In_ w) (kept (top_k reals (In_ w))) <= sum (fun k => where_above t (p k w) (p k w)) (seq 0 d)).
  { apply sum_le. intros k K. destruct (proj2 V k K) as [P _]. change (Selectors.p (In_ w) k) with (p k w) in *. unfold where_above.
    destruct (in_dec Nat.eq_dec k (top_k reals (In_ w))) as [Y|Y].
    - rewrite kept_in by exact Y. pose proof (top_k_above (In_ w) t k V T Fits S2 Y) as Z. cbn in Z. destruct Rlt_dec; lra.
    - rewrite kept_out by exact Y. destruct Rlt_dec; lra. }
  lra.
Qed.
