(* D14a. Top-K's contraction under the same joules.

   ||g - TopK_B(g)||^2 <= (1 - k_B/d) ||g||^2 with k_B the largest k such that the k dearest coordinates cost at
   most B, and the constant is attained. So CWMP's worst case beats Top-K's by up to c_max/mean(c).

   Assumes: none (below c_max, k_B = 0 and the bound says nothing). *)
From Coq Require Import Reals Lra Psatz List Bool Arith Sorted Lia.
From CWMP Require Import Relaxation Counting.
From CWMP Require Import D13a D15a.
Import ListNotations.
Open Scope R_scope.

(* k dearest coordinates cost at most b, and k + 1 more, where there are k + 1: that is k_B. *)
Definition k_b (n : nat) (c : nat -> R) (b : R) (k : nat) : Prop := (k <= n)%nat /\
  sum c (firstn k (dearest_first c (seq 0 n))) <= b /\ (k = n \/ b < sum c (firstn (S k) (dearest_first c (seq 0 n)))).
Definition dear (m : nat) (M : R) (i : nat) : R := if Nat.ltb i m then M else 1.

Definition claim : Prop :=
  (forall n g c b k, let I := Instance n (fun i => g i ^ 2) c b in valid I -> k_b n c b k ->
     error n g (top_k reals I) <= (1 - INR k / INR n) * norm2 n g) /\
  (* attained by equal magnitudes at any costs, the dear ones first *)
  (forall n c b k, let I := Instance n (fun i => 1 ^ 2) c b in valid I -> k_b n c b k -> (0 < k)%nat ->
     (forall i j, (i <= j < n)%nat -> c j <= c i) ->
     error n (fun _ => 1) (top_k reals I) = (1 - INR k / INR n) * norm2 n (fun _ => 1)) /\
  (* CWMP's constant, (b - c_max)/C of D13a, is larger by c_max/mean(c) at most *)
  (forall n c b k cmax, (0 < n)%nat -> (forall i, In i (seq 0 n) -> 0 < c i <= cmax) -> b <= cost n c -> k_b n c b k ->
     (b - cmax) / cost n c <= cmax / (cost n c / INR n) * (INR k / INR n)) /\
  (* and, as k grows, by as much: m of n coordinates cost M, the others 1, and b pays for k of the m *)
  (forall n m k M, 1 <= M -> (0 < k <= m)%nat -> (m <= n)%nat -> let c := dear m M in let b := INR k * M in
     k_b n c b k /\ (b - M) / cost n c = (1 - / INR k) * (M / (cost n c / INR n)) * (INR k / INR n)).

(* A list in order is left as it is. *)
Lemma sort_ordered first l : StronglySorted (fun i j => first i j = true) l -> sort first l = l.
Proof.
  induction l as [|i l IH]; intros S; [reflexivity|]. apply StronglySorted_inv in S as [S F]. cbn [sort fold_right].
  fold (sort first l). rewrite IH by exact S. destruct l as [|j r]; [reflexivity|]. cbn. apply Forall_inv in F. now rewrite F.
Qed.

Lemma seq_ordered (first : nat -> nat -> bool) n : (forall i j, (i <= j < n)%nat -> first i j = true) ->
  StronglySorted (fun i j => first i j = true) (seq 0 n).
Proof.
  intros H. assert (G : forall m a, (a + m <= n)%nat -> StronglySorted (fun i j => first i j = true) (seq a m)).
  { induction m as [|m IH]; intros a L; cbn; [constructor|]. constructor; [apply IH; lia|].
    apply Forall_forall. intros j J. apply in_seq in J. apply H. lia. }
  apply G. lia.
Qed.

Lemma dearest_is c n : (forall i j, (i <= j < n)%nat -> c j <= c i) -> dearest_first c (seq 0 n) = seq 0 n.
Proof. intros H. apply sort_ordered, seq_ordered. intros i j L. apply leb_true. auto. Qed.

Lemma firstn_seq k n : (k <= n)%nat -> firstn k (seq 0 n) = seq 0 k.
Proof.
  intros L. replace n with (k + (n - k))%nat by lia. rewrite seq_app, firstn_app, seq_length, Nat.sub_diag. cbn [firstn].
  rewrite app_nil_r. rewrite firstn_all2; [reflexivity|]. rewrite seq_length. lia.
Qed.

Lemma filter_all (f : nat -> bool) l : (forall i, In i l -> f i = true) -> filter f l = l.
Proof.
  induction l as [|i l IH]; intros H; cbn; [auto|]. rewrite (H i (or_introl eq_refl)), IH; [auto|]. intros; apply H; now right.
Qed.

Lemma bound n g c b k : let I := Instance n (fun i => g i ^ 2) c b in valid I -> (k <= n)%nat ->
  sum c (firstn k (dearest_first c (seq 0 n))) <= b -> error n g (top_k reals I) <= (1 - INR k / INR n) * norm2 n g.
Proof.
  intros I V Kn F. rewrite (error_is n g c b). fold I.
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
Qed.

Lemma attained n c b k : let I := Instance n (fun i => 1 ^ 2) c b in valid I -> k_b n c b k -> (0 < k)%nat ->
  (forall i j, (i <= j < n)%nat -> c j <= c i) ->
  error n (fun _ => 1) (top_k reals I) = (1 - INR k / INR n) * norm2 n (fun _ => 1).
Proof.
  intros I V (Kn & F & Q) K0 H. rewrite dearest_is in F, Q by exact H. rewrite firstn_seq in F by exact Kn.
  assert (Pos : forall i, In i (seq 0 n) -> 0 < c i) by (intros i L; destruct (proj2 V i L) as [_ G]; exact G).
  assert (A : forall i, In i (seq 0 n) -> c i <= b).
  { intros i L. apply in_seq in L. apply Rle_trans with (c 0%nat); [apply H; lia|]. eapply Rle_trans; [|exact F].
    apply sum_one; [|apply in_seq; lia]. intros j J. apply in_seq in J. apply Rlt_le, Pos, in_seq. lia. }
  assert (O : by_score reals I = seq 0 n).
  { unfold by_score, eligible, indices. change (d I) with n. rewrite filter_all.
    - apply sort_ordered, seq_ordered. intros i j _. apply leb_true. cbn. lra.
    - intros i L. apply andb_true_iff. split; [apply negb_true_iff, leb_false; cbn; lra|apply leb_true, A, L]. }
  assert (T : top_k reals I = seq 0 k).
  { unfold top_k. rewrite O. change (Selectors.c I) with c. change (B I) with b.
    destruct (Nat.eq_dec k n) as [->|N].
    - destruct (prefix_spec c (seq 0 n) b) as [[_ E]|(s & r & _ & E & G)]; [congruence|exfalso].
      rewrite E, sum_app in F. cbn [total add reals] in F.
      assert (0 <= sum c r); [|cbn in *; lra]. apply sum_nonneg. intros i L. apply Rlt_le, Pos. rewrite E.
      apply in_or_app. right. now right.
    - destruct Q as [Q|Q]; [tauto|]. rewrite firstn_seq in Q by lia. rewrite seq_S, sum_app in Q. cbn [total add reals plus] in Q.
      apply (prefix_is c (seq 0 n) b) with (s := k) (r := seq (S k) (n - S k)); auto.
      + apply V.
      + replace n with (k + S (n - S k))%nat at 1 by lia. now rewrite seq_app.
      + cbn in Q. lra. }
  rewrite (error_is n (fun _ => 1) c b). fold I. unfold value. rewrite kept_sum by apply prefix_of_order. rewrite T.
  unfold norm2. change (p I) with (fun _ : nat => 1 ^ 2). rewrite !sum_const, !seq_length.
  assert (0 < INR n) by (apply lt_0_INR; lia). field. lra.
Qed.

Theorem proved : claim.
Proof.
  split; [|split; [|split]].
  - intros n g c b k I V (Kn & F & _). now apply bound.
  - intros n c b k I V K K0 H. now apply attained.
  - intros n c b k cmax N0 H Hb (Kn & F & Q).
    assert (C0 : 0 < cost n c).
    { unfold cost. destruct n as [|n]; [lia|]. apply Rlt_le_trans with (c 0%nat); [apply H; now left|].
      apply sum_one; [|now left]. intros i L. apply H in L. lra. }
    assert (M0 : 0 < cmax) by (destruct n as [|n]; [lia|]; destruct (H 0%nat); [now left|lra]).
    assert (Hn : 0 < INR n) by (now apply lt_0_INR).
    assert (G : b - cmax <= cmax * INR k).
    { assert (Some : forall j, sum c (firstn j (dearest_first c (seq 0 n))) <= cmax * INR j).
      { intros j. apply Rle_trans with (cmax * INR (length (firstn j (dearest_first c (seq 0 n))))).
        - rewrite <- sum_const. apply sum_le. intros i L. apply H. apply (sort_in (fun i j => leb reals (c j) (c i))).
          fold (dearest_first c (seq 0 n)). rewrite <- (firstn_skipn j). apply in_or_app. auto.
        - apply Rmult_le_compat_l; [lra|]. apply le_INR, firstn_le_length. }
      destruct Q as [->|Q].
      - enough (cost n c <= cmax * INR n) by lra. unfold cost. replace (INR n) with (INR (length (seq 0 n))) by (now rewrite seq_length).
        rewrite <- sum_const. apply sum_le. intros i L. now apply H.
      - specialize (Some (S k)). rewrite S_INR in Some. lra. }
    replace (cmax / (cost n c / INR n) * (INR k / INR n)) with (cmax * INR k / cost n c) by (field; lra).
    apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|exact G].
  - intros n m k M HM Hk Hm c b.
    assert (O : forall i j, (i <= j < n)%nat -> c j <= c i).
    { intros i j L. unfold c, dear. destruct (Nat.ltb_spec i m), (Nat.ltb_spec j m); try lra. lia. }
    assert (P : forall i, 0 < c i) by (intros i; unfold c, dear; destruct (Nat.ltb i m); lra).
    assert (First : forall j, (j <= m)%nat -> sum c (seq 0 j) = M * INR j).
    { intros j L. rewrite (sum_ext c (fun _ => M)), sum_const, seq_length; [auto|]. intros i Li. apply in_seq in Li.
      unfold c, dear. destruct (Nat.ltb_spec i m); [auto|lia]. }
    split.
    + split; [lia|]. rewrite dearest_is by exact O. rewrite firstn_seq, First by lia. split; [unfold b; lra|].
      destruct (Nat.eq_dec k n) as [E|E]; [auto|right]. rewrite firstn_seq, seq_S, sum_app, First by lia.
      specialize (P (0 + k)%nat). cbn in *. unfold b. lra.
    + assert (C0 : 0 < cost n c).
      { unfold cost. apply Rlt_le_trans with (c 0%nat); [apply P|]. apply sum_one; [intros; apply Rlt_le, P|apply in_seq; lia]. }
      assert (0 < INR n) by (apply lt_0_INR; lia). assert (0 < INR k) by (apply lt_0_INR; lia). unfold b. field. lra.
Qed.
