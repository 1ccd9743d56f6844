(* D14a. Top-K's contraction under the same joules.

   ||g - TopK_B(g)||^2 <= (1 - k_B/d) ||g||^2 with k_B the largest k such that the k dearest coordinates cost at
   most B, and the constant is attained. So CWMP's worst case beats Top-K's by up to c_max/mean(c).

   Assumes: none (below c_max, k_B = 0 and the bound says nothing). *)
From Coq Require Import Reals Lra Psatz List Lia.
From CWMP Require Import Relaxation Counting Examples.
From CWMP Require Import D13a.
Import ListNotations.
Open Scope R_scope.

(* For every k such that the k dearest coordinates cost at most B, so for the largest. *)
Definition claim : Prop :=
  (forall n g c b k, let I := Instance n (fun i => g i ^ 2) c b in valid I -> (k <= n)%nat ->
     sum c (firstn k (dearest_first c (seq 0 n))) <= b ->
     error n g (top_k reals I) <= (1 - INR k / INR n) * norm2 n g) /\
  (exists n g c b k, let I := Instance n (fun i => g i ^ 2) c b in valid I /\ (0 < k < n)%nat /\
     sum c (firstn k (dearest_first c (seq 0 n))) <= b < sum c (firstn (S k) (dearest_first c (seq 0 n))) /\
     error n g (top_k reals I) = (1 - INR k / INR n) * norm2 n g).

Theorem proved : claim.
Proof.
  split.
  - intros n g c b k I V Kn F. rewrite (error_is n g c b). fold I.
    destruct n as [|n']; [unfold norm2, value; cbn; lra|]. set (n := S n') in *.
    assert (N0 : 0 <= norm2 n g) by (apply sum_nonneg; intros; apply pow2_ge_0).
    assert (Hn : 0 < INR n) by (apply lt_0_INR, Nat.lt_0_succ).
    destruct (prefix_of_order c (larger reals I) I b) as [Ns Cs]. fold (by_score reals I) in Ns, Cs.
    change (prefix reals c b (by_score reals I)) with (top_k reals I) in *.
    unfold value. rewrite kept_sum by auto. change (p I) with (fun i => g i ^ 2).
    set (V0 := sum (fun i => g i ^ 2) (top_k reals I)).
    assert (V1 : 0 <= V0) by (apply sum_nonneg; intros; apply pow2_ge_0).
    enough (INR k / INR n * norm2 n g <= V0) by lra.
    destruct k as [|k']; [cbn; unfold Rdiv; rewrite !Rmult_0_l; exact V1|]. set (k := S k') in *.
    assert (Pos : forall i, In i (seq 0 n) -> 0 <= c i) by (intros i Li; destruct (proj2 V i Li) as [_ G]; cbn in G; lra).
    assert (A : forall i, In i (seq 0 n) -> c i <= b).
    { intros i Li. eapply Rle_trans; [|exact F]. replace (c i) with (sum c [i]) by (cbn; lra).
      apply dearest_best; [apply seq_NoDup|exact Pos|repeat constructor; tauto|intros j [<-|[]]; auto|cbn; lia]. }
    assert (Ratio : INR k * norm2 n g <= V0 * INR n -> INR k / INR n * norm2 n g <= V0).
    { intros G. apply Rmult_le_reg_r with (INR n); [exact Hn|].
      replace (INR k / INR n * norm2 n g * INR n) with (INR k * norm2 n g) by (field; lra). exact G. }
    apply Ratio. pose proof (by_score_sorted I) as S0. fold (by_score reals I) in *.
    assert (Out : forall i, In i (seq 0 n) -> ~ In i (by_score reals I) -> g i ^ 2 = 0).
    { intros i Li N. unfold by_score in N. rewrite sort_in, eligible_spec in N. pose proof (pow2_ge_0 (g i)).
      destruct (Rlt_dec 0 (g i ^ 2)); [|lra]. exfalso. apply N. repeat split; auto. }
    destruct (prefix_spec c (by_score reals I) b) as [[_ H]|(s & r & _ & H & Q)];
      change (prefix reals c b (by_score reals I)) with (top_k reals I) in *.
    + assert (E : V0 = norm2 n g).
      { unfold V0, norm2. rewrite <- (sum_kept _ (top_k reals I) (seq 0 n)) by (auto; apply seq_NoDup).
        apply sum_ext. intros i Li. unfold kept. destruct in_dec as [Y|Y]; [lra|]. rewrite <- H in Y.
        rewrite (Out i Li Y). lra. }
      rewrite E. apply le_INR in Kn. nra.
    + assert (Ls : In s (by_score reals I)) by (rewrite H; apply in_elt). apply order_in in Ls as (Ls & Ps & _).
      assert (Lk : (k <= length (top_k reals I))%nat).
      { destruct (Nat.le_gt_cases k (length (top_k reals I))) as [|G]; [auto|exfalso].
        assert (c s + sum c (top_k reals I) <= b); [|lra].
        change (c s + sum c (top_k reals I)) with (sum c (s :: top_k reals I)). eapply Rle_trans; [|exact F].
        apply dearest_best; [apply seq_NoDup|exact Pos| |intros j [<-|Y]; [auto|now apply Cs]|exact G].
        constructor; [|exact Ns]. pose proof (order_nodup (larger reals I) I) as ND. fold (by_score reals I) in ND.
        rewrite H in ND. apply NoDup_remove_2 in ND. intros Y. apply ND, in_or_app. auto. }
      rewrite H in S0. apply sorted_split in S0 as [S1 S2].
      assert (G : sum (fun _ => 1) (top_k reals I) * norm2 n g <= V0 * sum (fun _ => 1) (seq 0 n)).
      { apply (share_of_threshold _ _ (g s ^ 2)); auto; try (apply seq_NoDup).
        - apply pow2_ge_0.
        - intros; lra.
        - intros i Li. rewrite Rmult_1_r. apply (S2 i s); [auto|now left].
        - intros i Li Y. rewrite Rmult_1_r. destruct (in_dec Nat.eq_dec i (by_score reals I)) as [D|D].
          + rewrite H in D. apply in_app_or in D as [D|D]; [tauto|]. destruct D as [->|D]; [lra|].
            apply Sorted.StronglySorted_inv in S1 as [_ S1]. rewrite Forall_forall in S1. now apply (S1 i).
          + rewrite (Out i Li D). apply pow2_ge_0. }
      rewrite !sum_const, !Rmult_1_l, seq_length in G. apply le_INR in Lk. nra.
  - exists 2%nat, (fun _ => 1), (fun _ => 1), 1, 1%nat. set (I := Instance _ _ _ _). cbv zeta.
    assert (E : top_k reals I = [0%nat]).
    { unfold top_k, by_score, eligible, larger, indices. decide_reals; auto. }
    rewrite E. split; [check_valid|]. split; [lia|]. split; [unfold dearest_first; split; decide_reals; cbn; lra|].
    unfold error, norm2. cbn. lra.
Qed.
