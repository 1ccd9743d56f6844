(* The k best: how a set of k compares with any other set, for a threshold that separates it or for a sorted list. *)
From Coq Require Import Reals Lra Psatz List Arith Permutation Sorted Lia.
From CWMP Require Export Prices.
Import ListNotations.
Open Scope R_scope.

(* S holds the largest f; whoever keeps no more in number gains nothing over it. *)
Lemma top_count (I : instance R) f t S z : 0 <= t -> fractional I z ->
  (forall i, In i (indices I) -> In i S -> t <= f i) ->
  (forall i, In i (indices I) -> ~ In i S -> f i <= t \/ z i = 0) ->
  count I z <= count I (kept S) ->
  sum (fun i => z i * f i) (indices I) <= sum (fun i => kept S i * f i) (indices I).
Proof.
  intros T Z K O C. assert (G := separation f (fun _ => 1) t S z (indices I) Z).
  assert (E : forall x, sum (fun i => x i * 1) (indices I) = count I x) by (intros; apply sum_ext; intros; ring).
  rewrite !E in G. assert (H : t * (count I z - count I (kept S)) <= 0) by nra.
  enough (sum (fun i => z i * f i) (indices I) - sum (fun i => kept S i * f i) (indices I) <=
    t * (count I z - count I (kept S))) by lra.
  apply G; [intros i L Y; specialize (K i L Y); lra|]. intros i L N. destruct (O i L N); [left; lra|auto].
Qed.

Lemma count_kept (I : instance R) l : NoDup l -> incl l (indices I) -> count I (kept l) = INR (length l).
Proof.
  intros N C. unfold count. rewrite (sum_ext _ (fun i => kept l i * 1)) by (intros; ring).
  rewrite kept_sum, sum_const by auto. lra.
Qed.

Definition dearest_first (f : nat -> R) := sort (fun i j => leb reals (f j) (f i)).
Definition cheapest_first (f : nat -> R) := sort (fun i j => leb reals (f i) (f j)).

Lemma list_separation f t l k all : NoDup all -> NoDup l -> incl l all -> NoDup k -> incl k all ->
  (forall i, In i k -> t <= f i) -> (forall i, In i all -> ~ In i k -> f i <= t) ->
  sum f l - sum f k <= t * (INR (length l) - INR (length k)).
Proof.
  intros A N C Nk Ck K O.
  assert (G := separation f (fun _ => 1) t k (kept l) all). rewrite !sum_kept, !sum_const in G by auto.
  rewrite !Rmult_1_l in G. apply G.
  - intros i _. destruct (kept_01 l i); lra.
  - intros i _ Y. specialize (K i Y). lra.
  - intros i L Y. left. specialize (O i L Y). lra.
Qed.

Lemma sub_sum f l all : NoDup all -> NoDup l -> incl l all -> (forall i, In i all -> 0 <= f i) -> sum f l <= sum f all.
Proof.
  intros A N C F. rewrite <- (sum_kept f l all) by auto. apply sum_le. intros i L. specialize (F i L).
  destruct (kept_01 l i) as [-> | ->]; lra.
Qed.

(* A sorted list cut after k: either all of it, or k items and a threshold. *)
Lemma cut_spec key first k all : NoDup all ->
  (forall i j, In i all -> In j all -> (first i j = true <-> key j <= key i)) ->
  let a := firstn k (sort first all) in
  NoDup a /\ incl a all /\
  (Permutation a all \/ length a = k /\ exists s, In s all /\ (forall i, In i a -> key s <= key i) /\
    forall i, In i all -> ~ In i a -> key i <= key s).
Proof.
  intros A F a. assert (P := sort_perm first all). assert (S := sort_sorted first key all F).
  assert (ND : NoDup (sort first all)) by (apply (Permutation_NoDup (l := all)); [now symmetry|auto]).
  assert (E := firstn_skipn k (sort first all)). fold a in E. rewrite <- E in ND, S, P. split; [|split].
  - clear -ND. induction a as [|i a IH]; [constructor|]. cbn in ND. apply NoDup_cons_iff in ND as [G N].
    constructor; [|auto]. intros L. apply G, in_or_app. auto.
  - intros i L. apply (Permutation_in _ P), in_or_app. auto.
  - destruct (skipn k (sort first all)) as [|s r] eqn:Q; [left; now rewrite app_nil_r in P|right]. split.
    + apply firstn_length_le. destruct (Nat.le_gt_cases k (length (sort first all))) as [|G]; [auto|].
      rewrite skipn_all2 in Q by (apply Nat.lt_le_incl, G). discriminate.
    + apply sorted_split in S as [S1 S2]. exists s. split; [apply (Permutation_in _ P), in_elt|]. split.
      * intros i L. apply S2; [auto|now left].
      * intros i L N. apply (Permutation_in _ (Permutation_sym P)), in_app_or in L as [L|L]; [tauto|].
        destruct L as [->|L]; [lra|]. apply StronglySorted_inv in S1 as [_ S1]. rewrite Forall_forall in S1. auto.
Qed.

Lemma dearest_best f all k l : NoDup all -> (forall i, In i all -> 0 <= f i) ->
  NoDup l -> incl l all -> (length l <= k)%nat -> sum f l <= sum f (firstn k (dearest_first f all)).
Proof.
  intros A F N C L. destruct (cut_spec f (fun i j => leb reals (f j) (f i)) k all A) as (Na & Ca & [P|(K & s & Ls & H1 & H2)]);
    [intros; apply leb_true| |]; fold (dearest_first f all) in *.
  - rewrite (sum_perm f _ _ P). now apply sub_sum.
  - pose proof (list_separation f (f s) l _ all A N C Na Ca H1 H2) as G. rewrite K in G. apply le_INR in L.
    specialize (F s Ls). nra.
Qed.

Lemma cheapest_best f all k l : NoDup all -> (forall i, In i all -> 0 <= f i) ->
  NoDup l -> incl l all -> (k <= length l)%nat -> sum f (firstn k (cheapest_first f all)) <= sum f l.
Proof.
  intros A F N C L.
  destruct (cut_spec (fun i => - f i) (fun i j => leb reals (f i) (f j)) k all A) as (Na & Ca & [P|(K & s & Ls & H1 & H2)]);
    [intros; rewrite leb_true; lra| |]; fold (cheapest_first f all) in *.
  - rewrite (sum_perm f _ _ P). apply Req_le. symmetry. apply sum_perm. apply NoDup_Permutation_bis; auto.
    rewrite <- (Permutation_length P). rewrite firstn_length. lia.
  - assert (G := list_separation (fun i => - f i) (- f s) l _ all A N C Na Ca).
    assert (E : forall x, sum (fun i => - f i) x = - sum f x) by (induction x; cbn in *; lra).
    rewrite !E, K in G. apply le_INR in L. specialize (F s Ls). specialize (G H1 H2). nra.
Qed.
