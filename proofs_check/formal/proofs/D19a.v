(* D19a. Ceiling: what no selector can save.

   Any mask that retains at least as much as Top-K, which keeps k items and spends E_T, costs at least the sum
   of the k smallest costs. So no selector saves more at Top-K's score than 1 - (k smallest)/E_T <= 1 -
   c_min/mean(c over what Top-K keeps); attained where scores tie, missed by one item's cost where they do not.

   Assumes: none. *)
From Coq Require Import Reals Lra Psatz List Lia Sorted.
From CWMP Require Import Counting Examples.
Import ListNotations.
Open Scope R_scope.

(* For every mask of affordable items, whatever it costs in all. *)
Definition claim : Prop :=
  (forall I m, valid I -> mask I m -> affordable I m -> value I (kept (top_k reals I)) <= value I m ->
     let k := length (top_k reals I) in let least := sum (c I) (firstn k (cheapest_first (c I) (indices I))) in
     INR k <= count I m /\ least <= spend I m /\
     (forall cmin, (forall i, In i (indices I) -> cmin <= c I i) -> INR k * cmin <= least) /\
     let E := spend I (kept (top_k reals I)) in let mean := E / INR k in
     (0 < E -> 1 - spend I m / E <= 1 - least / E /\
       forall cmin, (forall i, In i (indices I) -> cmin <= c I i) -> 1 - least / E <= 1 - cmin / mean)) /\
  (exists I m, valid I /\ mask I m /\ affordable I m /\ value I (kept (top_k reals I)) <= value I m /\
     spend I m < spend I (kept (top_k reals I)) /\
     spend I m = sum (c I) (firstn (length (top_k reals I)) (cheapest_first (c I) (indices I)))).

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

(* Fewer items than Top-K keeps retain less. *)
Lemma fewer_retain_less I m : valid I -> mask I m -> affordable I m ->
  count I m < INR (length (top_k reals I)) -> value I m < value I (kept (top_k reals I)).
Proof.
  intros V M A F. destruct (prefix_of_order (c I) (larger reals I) I (B I)) as [Ns Cs].
  fold (by_score reals I) in Ns, Cs. fold (top_k reals I) in Ns, Cs.
  pose proof (by_score_sorted I) as S.
  assert (O : forall i, In i (by_score reals I) -> In i (indices I) /\ 0 < p I i /\ c I i <= B I) by (intros; eapply order_in; eauto).
  assert (Out : forall i, In i (indices I) -> ~ In i (by_score reals I) -> p I i = 0 \/ m i = 0).
  { intros i L N. unfold by_score in N. rewrite sort_in, eligible_spec in N. destruct (proj2 V i L).
    destruct (Rlt_dec (B I) (c I i)) as [G|G]; [right; apply A; auto|]. destruct (Rlt_dec 0 (p I i)); [|left; lra].
    exfalso. apply N. repeat split; auto; lra. }
  assert (T : exists t, 0 < t /\ (forall i, In i (top_k reals I) -> t <= p I i) /\
    forall i, In i (indices I) -> ~ In i (top_k reals I) -> p I i <= t \/ m i = 0).
  { unfold top_k in *. destruct (prefix_spec (c I) (by_score reals I) (B I)) as [[_ H]|(s & r & _ & H & _)].
    - rewrite <- H in *. clear H. destruct (by_score reals I) as [|a l] eqn:E.
      + exists 1. split; [lra|]. split; [intros ? []|]. intros i L N. destruct (Out i L N); [left; lra|auto].
      + exists (p I (last (a :: l) a)). assert (L : In (last (a :: l) a) (a :: l)).
        { rewrite (app_removelast_last a) at 2; [|discriminate]. apply in_or_app. right. now left. }
        split; [apply O, L|]. split.
        * intros i K. rewrite (app_removelast_last a) in S, K by discriminate.
          apply sorted_split in S as [_ S]. apply in_app_or in K as [K|[<-|[]]]; [|lra]. apply S; [auto|now left].
        * intros i K N. destruct (Out i K N) as [Z|Z]; [left; rewrite Z; apply Rlt_le, O, L|auto].
    - rewrite H in S. apply sorted_split in S as [S1 S2]. assert (L : In s (by_score reals I)) by (rewrite H; apply in_elt).
      exists (p I s). split; [apply O, L|]. split; [intros i K; apply S2; [auto|now left]|].
      intros i K N. destruct (in_dec Nat.eq_dec i (by_score reals I)) as [D|D].
      + left. rewrite H in D. apply in_app_or in D as [D|D]; [tauto|]. destruct D as [->|D]; [lra|].
        apply StronglySorted_inv in S1 as [_ S1]. rewrite Forall_forall in S1. auto.
      + destruct (Out i K D) as [Z|Z]; [left; rewrite Z; apply Rlt_le, O, L|auto]. }
  destruct T as (t & T & K & U).
  assert (G := separation (p I) (fun _ => 1) t (top_k reals I) m (indices I) (mask_fractional I m M)).
  assert (E : forall x, sum (fun i => x i * 1) (indices I) = count I x) by (intros; apply sum_ext; intros; ring).
  rewrite !E, count_kept in G by auto. fold (value I m) (value I (kept (top_k reals I))) in G.
  assert (value I m - value I (kept (top_k reals I)) <= t * (count I m - INR (length (top_k reals I)))); [|nra].
  apply G; [intros i _ L; rewrite Rmult_1_r; auto|]. intros i L N. rewrite Rmult_1_r. auto.
Qed.

Theorem proved : claim.
Proof.
  split.
  - intros I m V M A R k least.
    destruct (prefix_of_order (c I) (larger reals I) I (B I)) as [Ns Cs].
    fold (by_score reals I) in Ns, Cs. fold (top_k reals I) in Ns, Cs.
    assert (Pos : forall i, In i (indices I) -> 0 <= c I i) by (intros i L; destruct (proj2 V i L); lra).
    assert (N : INR k <= count I m).
    { destruct (Rle_dec (INR k) (count I m)) as [|F]; [auto|]. apply Rnot_le_lt in F.
      pose proof (fewer_retain_less I m V M A F). lra. }
    destruct (mask_as_list I m M) as (l & Nl & Cl & E).
    assert (Lk : (k <= length l)%nat).
    { apply INR_le. eapply Rle_trans; [exact N|]. unfold count. rewrite (sum_ext m (fun i => m i * 1)) by (intros; ring).
      rewrite E, sum_const. lra. }
    assert (Least : least <= spend I m).
    { unfold spend. rewrite E. apply cheapest_best; auto. apply seq_NoDup. }
    assert (Kd : (k <= length (indices I))%nat) by (apply NoDup_incl_length; auto).
    assert (Min : forall cmin, (forall i, In i (indices I) -> cmin <= c I i) -> INR k * cmin <= least).
    { intros cmin H. assert (Lf : length (firstn k (cheapest_first (c I) (indices I))) = k).
      { apply firstn_length_le. unfold cheapest_first. now rewrite (Permutation.Permutation_length (sort_perm _ _)). }
      rewrite <- Lf, Rmult_comm, <- sum_const. apply sum_le. intros i L. apply H.
      apply (sort_in (fun i j => leb reals (c I i) (c I j))). fold (cheapest_first (c I) (indices I)).
      rewrite <- (firstn_skipn k). apply in_or_app. auto. }
    split; [exact N|]. split; [exact Least|]. split; [exact Min|]. intros F mean H.
    assert (Div : forall x y, x <= y -> 1 - y / F <= 1 - x / F).
    { intros x y G. enough (x / F <= y / F) by lra. apply Rmult_le_compat_r; [|exact G]. left. now apply Rinv_0_lt_compat. }
    split; [now apply Div|]. intros cmin G. assert (Hk : k = 0%nat \/ (0 < k)%nat) by lia. destruct Hk as [Ek|Ek].
    + exfalso. unfold F, spend in H. rewrite kept_sum in H by auto. apply length_zero_iff_nil in Ek. rewrite Ek in H.
      cbn in H. lra.
    + assert (0 < INR k) by (now apply lt_0_INR).
      replace (cmin / mean) with (INR k * cmin / F) by (unfold mean; field; lra). now apply Div, Min.
  - exists (of_lists [1; 1] [2; 1] 2), (kept [1%nat]).
    assert (E : top_k reals (of_lists [1; 1] [2; 1] 2) = [0%nat]).
    { unfold top_k, by_score, eligible, larger, indices, of_lists. decide_reals; auto. }
    rewrite E. split; [check_valid|]. split; [apply kept_mask|]. split.
    { intros i L D. cbn in L. destruct L as [<-|[<-|[]]]; cbn in D; lra. }
    unfold value, spend, cheapest_first. decide_reals; repeat split; cbn; lra.
Qed.
