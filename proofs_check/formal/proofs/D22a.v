(* D22a. Pages: optimal for what is spent, and nested.

   With cost(M) = sum c_i + sum f_j over the pages touched, M(lambda), which opens page j iff sum (p_i - lambda
   c_i)+ > lambda f_j and keeps what has p_i > lambda c_i of it, maximises p - lambda cost over all masks, is
   optimal for what it spends, and grows as lambda falls.

   Assumes: c_i, f_j >= 0; nested at budgets from the dearest item with its page on. *)
From Coq Require Import Reals Lra Psatz List Bool Arith.
From CWMP Require Import Groups.
Import ListNotations.
Open Scope R_scope.

Section Pages.
Variables (n pages : nat) (p c : nat -> R) (page : nat -> nat) (f : nat -> R).
Definition keep (m : nat -> bool) (x : nat -> R) (l : list nat) : R := sum (fun i => if m i then x i else 0) l.
Definition touched (m : nat -> bool) (j : nat) : bool := existsb m (on page n j).
Definition cost (m : nat -> bool) : R := keep m c (seq 0 n) + keep (touched m) f (seq 0 pages).
Definition score (m : nat -> bool) : R := keep m p (seq 0 n).

(* What item i is worth beyond its price; M lam keeps i where that is positive and the page is open. *)
Definition plus (lam : R) (i : nat) : R := Rmax 0 (p i - lam * c i).
Definition opened (lam : R) (j : nat) : bool := if Rlt_dec (lam * f j) (sum (plus lam) (on page n j)) then true else false.
Definition M (lam : R) (i : nat) : bool := (if Rlt_dec (lam * c i) (p i) then true else false) && opened lam (page i).
End Pages.

Definition claim : Prop := forall n pages p c page f lam,
  (forall i, In i (seq 0 n) -> 0 <= p i /\ 0 <= c i /\ (page i < pages)%nat) -> (forall j, 0 <= f j) -> 0 <= lam ->
  let best := M n p c page f lam in let spends := cost n pages c page f in
  (forall m, score n p m - lam * spends m <= score n p best - lam * spends best) /\
  (forall m, spends m <= spends best -> score n p m <= score n p best) /\
  (forall lower i, 0 <= lower <= lam -> In i (seq 0 n) -> best i = true -> M n p c page f lower i = true) /\
  (* whatever prices two budgets lead to: where more is spent, all is kept that was kept before *)
  (forall other, let next := M n p c page f other in 0 <= other ->
     spends best < spends next \/ spends best <= spends next /\ (forall i, In i (seq 0 n) -> 0 < c i) ->
     forall i, In i (seq 0 n) -> best i = true -> next i = true).

Section Proof.
Variables (n pages : nat) (p c : nat -> R) (page : nat -> nat) (f : nat -> R) (lam : R).
Hypothesis V : forall i, In i (seq 0 n) -> 0 <= p i /\ 0 <= c i /\ (page i < pages)%nat.
Hypothesis F : forall j, 0 <= f j.
Hypothesis L : 0 <= lam.

(* What a mask gains on one page, and the most that can be gained there. *)
Definition net (m : nat -> bool) (j : nat) : R :=
  keep m (fun i => p i - lam * c i) (on page n j) - lam * (if touched n page m j then f j else 0).
Definition most (j : nat) : R := Rmax 0 (sum (plus p c lam) (on page n j) - lam * f j).

Lemma net_sum m : score n p m - lam * cost n pages c page f m = sum (net m) (seq 0 pages).
Proof.
  unfold net. rewrite sum_minus, sum_scale. fold (keep (touched n page m) f (seq 0 pages)).
  assert (G : forall x, keep m x (seq 0 n) = sum (fun j => keep m x (on page n j)) (seq 0 pages)).
  { intros x. apply sum_by_group. intros i K. now apply V. }
  rewrite <- G. unfold score, cost, keep. rewrite (sum_ext (fun i => if m i then p i - lam * c i else 0)
    (fun i => (if m i then p i else 0) - lam * (if m i then c i else 0))) by (intros; destruct (m i); ring).
  rewrite sum_minus, sum_scale. ring.
Qed.

Lemma plus_nonneg i : 0 <= plus p c lam i.
Proof. apply Rmax_l. Qed.

Lemma net_le m j : net m j <= most j.
Proof.
  unfold net, most. destruct (touched n page m j) eqn:T.
  - eapply Rle_trans; [|apply Rmax_r]. apply Rplus_le_compat_r, sum_le. intros i _. unfold plus.
    pose proof (Rmax_l 0 (p i - lam * c i)). pose proof (Rmax_r 0 (p i - lam * c i)). destruct (m i); lra.
  - unfold keep. rewrite (sum_ext _ (fun _ => 0)), sum_zero; [rewrite Rmult_0_r, Rminus_0_r; apply Rmax_l|].
    intros i K. destruct (m i) eqn:X; [|auto]. exfalso. apply not_true_iff_false in T. apply T, existsb_exists. eauto.
Qed.

Lemma net_best j : net (M n p c page f lam) j = most j.
Proof.
  unfold net, most. assert (G : forall i, In i (on page n j) ->
    M n p c page f lam i = (if Rlt_dec (lam * c i) (p i) then true else false) && opened n p c page f lam j).
  { intros i K. apply in_on in K as [_ <-]. reflexivity. }
  destruct (opened n p c page f lam j) eqn:O; unfold opened in O;
    destruct (Rlt_dec (lam * f j) (sum (plus p c lam) (on page n j))) as [W|W]; try discriminate.
  - rewrite Rmax_right by lra. assert (T : touched n page (M n p c page f lam) j = true).
    { apply not_false_iff_true. intros T. assert (Z : sum (plus p c lam) (on page n j) = 0).
      { rewrite (sum_ext _ (fun _ => 0)); [apply sum_zero|]. intros i K. unfold plus.
        destruct (Rlt_dec (lam * c i) (p i)) as [X|X] eqn:E; [|apply Rmax_left; lra]. exfalso.
        apply not_true_iff_false in T. apply T, existsb_exists. exists i. rewrite (G i K), E. auto. }
      specialize (F j). nra. }
    rewrite T. f_equal. apply sum_ext. intros i K. rewrite (G i K). unfold plus.
    destruct Rlt_dec; cbn; [rewrite Rmax_right|rewrite Rmax_left]; lra.
  - rewrite Rmax_left by lra. assert (E : forall i, In i (on page n j) -> M n p c page f lam i = false).
    { intros i K. rewrite (G i K). apply andb_false_r. }
    assert (T : touched n page (M n p c page f lam) j = false).
    { apply not_true_iff_false. intros T. apply existsb_exists in T as (i & K & X). rewrite E in X; congruence. }
    rewrite T. unfold keep. rewrite (sum_ext _ (fun _ => 0)), sum_zero; [ring|]. intros i K. now rewrite E.
Qed.

Lemma best_net m : score n p m - lam * cost n pages c page f m <=
  score n p (M n p c page f lam) - lam * cost n pages c page f (M n p c page f lam).
Proof. rewrite !net_sum. apply sum_le. intros j _. rewrite net_best. apply net_le. Qed.
End Proof.

Section Nested.
Variables (n pages : nat) (p c : nat -> R) (page : nat -> nat) (f : nat -> R).
Hypothesis V : forall i, In i (seq 0 n) -> 0 <= p i /\ 0 <= c i /\ (page i < pages)%nat.
Hypothesis F : forall j, 0 <= f j.

Lemma grows lam lower i : 0 <= lower <= lam -> In i (seq 0 n) -> M n p c page f lam i = true -> M n p c page f lower i = true.
Proof.
  intros [P H] K X. unfold M, opened in *. rewrite andb_true_iff in *. destruct X as [X Y].
  destruct (V i K) as (_ & C & _).
  destruct (Rlt_dec (lam * c i) (p i)) as [X'|]; [|discriminate].
  destruct (Rlt_dec (lam * f (page i)) (sum (plus p c lam) (on page n (page i)))) as [Y'|]; [|discriminate].
  split; [destruct (Rlt_dec (lower * c i) (p i)) as [|N]; [auto|nra]|].
  destruct (Rlt_dec (lower * f (page i)) (sum (plus p c lower) (on page n (page i)))) as [|N]; [auto|exfalso].
  assert (sum (plus p c lam) (on page n (page i)) <= sum (plus p c lower) (on page n (page i))).
  { apply sum_le. intros k Kk. apply in_on in Kk as [Kk _]. destruct (V k Kk) as (_ & Ck & _). unfold plus.
    apply Rmax_lub; [apply Rmax_l|]. eapply Rle_trans; [|apply Rmax_r]. nra. }
  specialize (F (page i)). nra.
Qed.

(* A mask that holds another costs no less; more, where it holds an item more that costs something. *)
Lemma larger_costs m m' : (forall i, In i (seq 0 n) -> m i = true -> m' i = true) ->
  cost n pages c page f m <= cost n pages c page f m' /\
  forall i, In i (seq 0 n) -> m' i = true -> m i = false -> 0 < c i -> cost n pages c page f m < cost n pages c page f m'.
Proof.
  intros H. assert (T : keep (touched n page m) f (seq 0 pages) <= keep (touched n page m') f (seq 0 pages)).
  { apply sum_le. intros j _. specialize (F j). destruct (touched n page m j) eqn:E; [|destruct (touched n page m' j); lra].
    apply existsb_exists in E as (i & L & E). assert (E' : touched n page m' j = true); [|rewrite E'; lra].
    apply existsb_exists. exists i. split; [exact L|]. apply in_on in L as [L _]. auto. }
  assert (G : forall i, In i (seq 0 n) -> (if m i then c i else 0) <= (if m' i then c i else 0)).
  { intros i L. destruct (V i L) as (_ & C & _). destruct (m i) eqn:E; [rewrite (H i L E); lra|destruct (m' i); lra]. }
  unfold cost. split; [apply Rplus_le_compat; [apply sum_le, G|exact T]|]. intros i L M' M0 C.
  apply Rplus_lt_le_compat; [|exact T]. apply (sum_lt _ _ _ i); [exact G|exact L|]. rewrite M', M0. lra.
Qed.
End Nested.

Theorem proved : claim.
Proof.
  intros n pages p c page f lam V F L best spends. split; [|split; [|split]].
  - intros m. now apply best_net.
  - intros m H. pose proof (best_net n pages p c page f lam V F L m) as G. fold best spends in G. nra.
  - intros lower i H K X. now apply (grows n pages p c page f V F lam).
  - intros other next O H i K X. destruct (Rle_dec other lam) as [G|G].
    + now apply (grows n pages p c page f V F lam).
    + apply Rnot_le_lt in G. apply not_false_iff_true. intros N.
      assert (Sub : forall k, In k (seq 0 n) -> next k = true -> best k = true).
      { intros k Lk. apply (grows n pages p c page f V F other); [lra|exact Lk]. }
      destruct (larger_costs n pages p c page f V F next best Sub) as [C1 C2]. fold spends in C1.
      destruct H as [H|[H C]]; [unfold spends in *; lra|].
      specialize (C2 i K X N (C i K)). unfold spends in *. lra.
Qed.
