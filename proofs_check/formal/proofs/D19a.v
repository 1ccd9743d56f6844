(* D19a. Ceiling: what no selector can save.

   Any mask that retains at least as much as Top-K, which keeps k items and spends E_T, costs at least the sum
   of the k smallest costs. So no selector saves more at Top-K's score than 1 - (k smallest)/E_T <= 1 -
   c_min/mean(c over what Top-K keeps); attained where scores tie, missed by one item's cost where they do not.

   Assumes: none. *)
From Coq Require Import Reals Lra Psatz List Bool Lia Sorted.
From CWMP Require Import Counting Examples.
Import ListNotations.
Open Scope R_scope.

(* The k smallest costs. *)
Definition smallest (I : instance R) (k : nat) : R := sum (c I) (firstn k (cheapest_first (c I) (indices I))).

Definition claim : Prop :=
  (forall I m, valid I -> mask I m -> value I (kept (top_k reals I)) <= value I m ->
     let k := length (top_k reals I) in let E := spend I (kept (top_k reals I)) in let mean := E / INR k in
     smallest I k <= spend I m /\
     (forall cmin, (forall i, In i (indices I) -> cmin <= c I i) -> INR k * cmin <= smallest I k) /\
     (0 < E -> 1 - spend I m / E <= 1 - smallest I k / E /\
       forall cmin, (forall i, In i (indices I) -> cmin <= c I i) -> 1 - smallest I k / E <= 1 - cmin / mean)) /\
  (* attained where scores tie *)
  (exists I m, valid I /\ mask I m /\ value I (kept (top_k reals I)) <= value I m /\
     spend I m < spend I (kept (top_k reals I)) /\ spend I m = smallest I (length (top_k reals I))) /\
  (* where they do not, whoever saves holds an item more, and more is not needed *)
  (forall I m, valid I -> mask I m -> value I (kept (top_k reals I)) <= value I m ->
     (forall i j, In i (indices I) -> In j (indices I) -> p I i = p I j -> i = j) ->
     spend I m < spend I (kept (top_k reals I)) -> smallest I (S (length (top_k reals I))) <= spend I m) /\
  (exists I m, valid I /\ mask I m /\ value I (kept (top_k reals I)) <= value I m /\
     (forall i j, In i (indices I) -> In j (indices I) -> p I i = p I j -> i = j) /\
     spend I m < spend I (kept (top_k reals I)) /\ spend I m = smallest I (S (length (top_k reals I)))).

Lemma mask_as_list I m : mask I m -> exists l, NoDup l /\ incl l (indices I) /\
  forall f, sum (fun i => m i * f i) (indices I) = sum f l.
Proof.
  intros M. set (l := filter (fun i => if Req_EM_T (m i) 1 then true else false) (indices I)). exists l.
  assert (N : NoDup l) by apply NoDup_filter, seq_NoDup.
  assert (C : incl l (indices I)) by (intros i L; now apply filter_In in L). split; [exact N|]. split; [exact C|].
  intros f. rewrite <- (kept_sum I l f) by auto. apply sum_ext. intros i L. f_equal.
  unfold kept. destruct in_dec as [K|K]; unfold l in K; rewrite filter_In in K.
  - destruct K as [_ K]. destruct Req_EM_T; [auto|discriminate].
  - destruct (M i L) as [->|X]; auto. exfalso. apply K. split; auto. destruct Req_EM_T; tauto.
Qed.

(* A score that separates what Top-K keeps from what it could have kept besides. *)
Lemma threshold I m : valid I -> affordable I m -> exists t, 0 <= t /\
  (forall i, In i (top_k reals I) -> t <= p I i /\ 0 < p I i) /\
  (forall i, In i (indices I) -> ~ In i (top_k reals I) -> p I i <= t \/ m i = 0) /\
  ((exists s, In s (indices I) /\ ~ In s (top_k reals I) /\ p I s = t /\ 0 < t) \/ t = 0).
Proof.
  intros V A. pose proof (by_score_sorted I) as Sr.
  assert (O : forall i, In i (by_score reals I) -> In i (indices I) /\ 0 < p I i /\ c I i <= B I) by (intros; eapply order_in; eauto).
  assert (Out : forall i, In i (indices I) -> ~ In i (by_score reals I) -> p I i = 0 \/ m i = 0).
  { intros i L N. unfold by_score in N. rewrite sort_in, eligible_spec in N. destruct (proj2 V i L).
    destruct (Rlt_dec (B I) (c I i)) as [G|G]; [right; apply A; auto|]. destruct (Rlt_dec 0 (p I i)); [|left; lra].
    exfalso. apply N. repeat split; auto; lra. }
  pose proof (order_nodup (larger reals I) I) as ND. fold (by_score reals I) in ND.
  unfold top_k in *. destruct (prefix_spec (c I) (by_score reals I) (B I)) as [[_ H]|(s & r & _ & H & _)].
  - rewrite <- H in *. exists 0. split; [lra|]. split; [intros i L; destruct (O i L); lra|]. split; [|auto].
    intros i L N. destruct (Out i L N); [left; lra|auto].
  - rewrite H in Sr, ND. apply sorted_split in Sr as [S1 S2]. assert (L : In s (by_score reals I)) by (rewrite H; apply in_elt).
    destruct (O s L) as (Ls & Ps & _).
    exists (p I s). split; [lra|]. split; [|split].
    + intros i K. assert (In i (by_score reals I)) by (rewrite H; apply in_or_app; auto). split; [|now apply O].
      apply S2; [auto|now left].
    + intros i K N. destruct (in_dec Nat.eq_dec i (by_score reals I)) as [D|D].
      * left. rewrite H in D. apply in_app_or in D as [D|D]; [tauto|]. destruct D as [->|D]; [lra|].
        apply StronglySorted_inv in S1 as [_ S1]. rewrite Forall_forall in S1. auto.
      * destruct (Out i K D) as [Z|Z]; [left; lra|auto].
    + left. exists s. apply NoDup_remove_2 in ND. repeat split; auto. intros K. apply ND, in_or_app. auto.
Qed.

Lemma sum_ones I x : sum (fun i => x i * 1) (indices I) = count I x.
Proof. apply sum_ext. intros; ring. Qed.

Lemma top_k_list I : NoDup (top_k reals I) /\ incl (top_k reals I) (indices I).
Proof. apply prefix_of_order. Qed.

(* At least k items, and more than k where scores differ and the mask is another. *)
Lemma items_needed I m : valid I -> mask I m -> affordable I m -> value I (kept (top_k reals I)) <= value I m ->
  INR (length (top_k reals I)) <= count I m /\
  ((forall i j, In i (indices I) -> In j (indices I) -> p I i = p I j -> i = j) ->
   spend I m < spend I (kept (top_k reals I)) -> INR (length (top_k reals I)) < count I m).
Proof.
  intros V M A R. destruct (top_k_list I) as [Ns Cs]. destruct (threshold I m V A) as (t & T & K & U & Z).
  assert (G := separation (p I) (fun _ => 1) t (top_k reals I) m (indices I) (mask_fractional I m M)).
  rewrite !sum_ones, count_kept in G by auto. fold (value I m) (value I (kept (top_k reals I))) in G.
  assert (G' : value I m - value I (kept (top_k reals I)) <= t * (count I m - INR (length (top_k reals I)))).
  { apply G; [intros i _ L; rewrite Rmult_1_r; now apply K|]. intros i L N. rewrite Rmult_1_r. auto. }
  clear G.
  (* an item that Top-K keeps and m does not, worth more than t, makes the comparison strict *)
  assert (Strict : forall i, In i (top_k reals I) -> m i = 0 -> t < p I i ->
    value I m - value I (kept (top_k reals I)) < t * (count I m - INR (length (top_k reals I)))).
  { intros i L M0 P. rewrite <- (count_kept I (top_k reals I)) by auto. unfold value, count.
    rewrite <- !sum_minus, <- sum_scale. apply (sum_lt _ _ _ i).
    - intros j Lj. destruct (M j Lj) as [E|E]; unfold kept; destruct (in_dec Nat.eq_dec j (top_k reals I)) as [Y|N];
        rewrite ?E; try (specialize (K j Y)); try (destruct (U j Lj N)); lra.
    - now apply Cs.
    - rewrite M0, kept_in by auto. lra. }
  assert (Missing : spend I m < spend I (kept (top_k reals I)) -> exists i, In i (top_k reals I) /\ m i = 0).
  { intros S. destruct (existsb (fun i => if Req_EM_T (m i) 0 then true else false) (top_k reals I)) eqn:E.
    - apply existsb_exists in E as (i & L & E). exists i. destruct (Req_EM_T (m i) 0); [auto|discriminate].
    - exfalso. enough (spend I (kept (top_k reals I)) <= spend I m) by lra. apply sum_le. intros i L.
      destruct (proj2 V i L). unfold kept. destruct in_dec as [Y|N].
      + destruct (M i L) as [X|X]; [|rewrite X; lra]. exfalso. apply not_true_iff_false in E. apply E.
        apply existsb_exists. exists i. split; [auto|]. destruct Req_EM_T; tauto.
      + destruct (M i L) as [-> | ->]; lra. }
  split.
  - destruct (Rle_dec (INR (length (top_k reals I))) (count I m)) as [|F]; [auto|exfalso]. apply Rnot_le_lt in F.
    destruct (Req_EM_T t 0) as [E|E].
    + subst t. assert (L0 : exists i, In i (top_k reals I) /\ m i = 0).
      { destruct (existsb (fun i => if Req_EM_T (m i) 0 then true else false) (top_k reals I)) eqn:X.
        - apply existsb_exists in X as (i & L & X). exists i. destruct (Req_EM_T (m i) 0); [auto|discriminate].
        - exfalso. rewrite <- (count_kept I) in F by auto. enough (count I (kept (top_k reals I)) <= count I m) by lra.
          apply sum_le. intros i L. unfold kept. destruct in_dec as [Y|N].
          + destruct (M i L) as [Q|Q]; [|lra]. exfalso. apply not_true_iff_false in X. apply X.
            apply existsb_exists. exists i. split; [auto|]. destruct Req_EM_T; tauto.
          + destruct (M i L) as [-> | ->]; lra. }
      destruct L0 as (i & L & M0). destruct (K i L) as [_ P]. specialize (Strict i L M0 P). lra.
    + nra.
  - intros D S. destruct (Missing S) as (i & L & M0). assert (P : t < p I i).
    { destruct (K i L) as [P1 P2]. destruct Z as [(s & Ls & Ns' & Es & _)|E]; [|lra].
      destruct (Req_EM_T (p I i) t) as [Q|Q]; [exfalso|lra]. rewrite <- Es in Q.
      apply Ns'. rewrite <- (D i s (Cs i L) Ls Q). exact L. }
    specialize (Strict i L M0 P). nra.
Qed.

Lemma smallest_spend I m k : valid I -> mask I m -> INR k <= count I m -> smallest I k <= spend I m.
Proof.
  intros V M N. destruct (mask_as_list I m M) as (l & Nl & Cl & E). unfold spend. rewrite E.
  apply cheapest_best; auto; [apply seq_NoDup|intros i L; destruct (proj2 V i L); lra|].
  apply INR_le. eapply Rle_trans; [exact N|]. rewrite <- sum_ones, E, sum_const. lra.
Qed.

Theorem proved : claim.
Proof.
  split; [|split; [|split]].
  - intros I m V M R k E mean. destruct (top_k_list I) as [Ns Cs].
    assert (Pos : forall i, In i (indices I) -> 0 <= c I i) by (intros i L; destruct (proj2 V i L); lra).
    assert (Least : smallest I k <= spend I m).
    { destruct (Rle_dec (spend I m) (B I)) as [F|F].
      - assert (A : affordable I m) by (apply (mask_affordable I m (B I)); auto; lra).
        apply smallest_spend; auto. now apply items_needed.
      - assert (E <= B I) by (unfold E, spend; rewrite kept_sum by auto; apply prefix_fits, V).
        assert (smallest I k <= E); [|lra]. unfold E, spend. rewrite kept_sum by auto.
        apply cheapest_best; auto. apply seq_NoDup. }
    assert (Kd : (k <= length (indices I))%nat) by (apply NoDup_incl_length; auto).
    assert (Min : forall cmin, (forall i, In i (indices I) -> cmin <= c I i) -> INR k * cmin <= smallest I k).
    { intros cmin H. assert (Lf : length (firstn k (cheapest_first (c I) (indices I))) = k).
      { apply firstn_length_le. unfold cheapest_first. now rewrite (Permutation.Permutation_length (sort_perm _ _)). }
      rewrite <- Lf at 1. rewrite Rmult_comm, <- sum_const. apply sum_le. intros i L. apply H.
      apply (sort_in (fun i j => leb reals (c I i) (c I j))). fold (cheapest_first (c I) (indices I)).
      rewrite <- (firstn_skipn k). apply in_or_app. auto. }
    split; [exact Least|]. split; [exact Min|]. intros H.
    assert (Div : forall x y, x <= y -> 1 - y / E <= 1 - x / E).
    { intros x y G. enough (x / E <= y / E) by lra. apply Rmult_le_compat_r; [|exact G]. left. now apply Rinv_0_lt_compat. }
    split; [now apply Div|]. intros cmin G. assert (Hk : k = 0%nat \/ (0 < k)%nat) by lia. destruct Hk as [Ek|Ek].
    + exfalso. unfold E, spend in H. rewrite kept_sum in H by auto. apply length_zero_iff_nil in Ek. rewrite Ek in H.
      cbn in H. lra.
    + assert (0 < INR k) by (now apply lt_0_INR).
      replace (cmin / mean) with (INR k * cmin / E) by (unfold mean; field; lra). now apply Div, Min.
  - exists (of_lists [1; 1] [2; 1] 2), (kept [1%nat]).
    assert (E : top_k reals (of_lists [1; 1] [2; 1] 2) = [0%nat]).
    { unfold top_k, by_score, eligible, larger, indices, of_lists. decide_reals; auto. }
    rewrite E. split; [check_valid|]. split; [apply kept_mask|].
    unfold value, spend, smallest, cheapest_first. decide_reals; repeat split; cbn; lra.
  - intros I m V M R D S. assert (F : spend I m <= B I).
    { assert (spend I (kept (top_k reals I)) <= B I); [|lra]. destruct (top_k_list I).
      unfold spend. rewrite kept_sum by auto. apply prefix_fits, V. }
    assert (A : affordable I m) by (apply (mask_affordable I m (B I)); auto; lra).
    apply smallest_spend; auto. destruct (items_needed I m V M A R) as [_ N]. specialize (N D S).
    destruct (mask_as_list I m M) as (l & _ & _ & El). rewrite <- sum_ones, El, sum_const, Rmult_1_l in N |- *.
    apply INR_lt in N. apply le_INR. lia.
  - exists (of_lists [4; 3; 2] [10; 1; 2] 10), (kept [1%nat; 2%nat]).
    assert (E : top_k reals (of_lists [4; 3; 2] [10; 1; 2] 10) = [0%nat]).
    { unfold top_k, by_score, eligible, larger, indices, of_lists. decide_reals; auto. }
    rewrite E. split; [check_valid|]. split; [apply kept_mask|].
    unfold value, spend, smallest, cheapest_first. split; [cbn; lra|]. split; [|decide_reals; split; cbn; lra].
    intros i j Li Lj Q. cbn in Li, Lj. destruct Li as [<-|[<-|[<-|[]]]], Lj as [<-|[<-|[<-|[]]]]; cbn in Q; auto; lra.
Qed.
