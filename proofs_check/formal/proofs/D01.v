(* D1. The projection keeps coordinates unchanged.

   A minimiser of ||g - x||^2 under sum c_i 1[x_i != 0] <= B is m*g with m in {0,1}^d maximising sum m_i p_i under
   sum m_i c_i <= B (the 0/1 knapsack), and the minimum is sum p_i - OPT.

   Assumes: none. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Optimum.
Open Scope R_scope.

Definition distance (n : nat) (g x : nat -> R) : R := sum (fun i => (g i - x i) ^ 2) (seq 0 n).
Definition support_cost (n : nat) (c x : nat -> R) : R := sum (fun i => if Req_EM_T (x i) 0 then 0 else c i) (seq 0 n).
Definition minimiser n g c b x := support_cost n c x <= b /\
  forall y, support_cost n c y <= b -> distance n g x <= distance n g y.
Definition knapsack n (g c : nat -> R) b : instance R := Instance n (fun i => g i ^ 2) c b.

Definition claim : Prop := forall n g c b, valid (knapsack n g c b) ->
  (exists m, optimal (knapsack n g c b) m) /\
  forall m, optimal (knapsack n g c b) m ->
    minimiser n g c b (fun i => m i * g i) /\
    distance n g (fun i => m i * g i) = sum (fun i => g i ^ 2) (seq 0 n) - value (knapsack n g c b) m.

Theorem proved : claim.
Proof.
  intros n g c b V. split; [now apply optimum_exists|]. intros m (M & S & O). set (I := knapsack n g c b) in *.
  assert (D : forall m, mask I m ->
    distance n g (fun i => m i * g i) = sum (fun i => g i ^ 2) (seq 0 n) - value I m).
  { intros z Z. unfold distance, value. rewrite <- sum_minus. apply sum_ext. intros i L. cbn.
    destruct (Z i L) as [-> | ->]; ring. }
  split; [split|now apply D].
  - eapply Rle_trans; [|exact S]. apply sum_le. intros i L. cbn. destruct (proj2 V i L) as [_ C]. cbn in C.
    destruct (M i L) as [-> | ->]; destruct Req_EM_T; lra.
  - intros y F. rewrite (D m M). set (s := fun i => if Req_EM_T (y i) 0 then 0 else 1).
    assert (Ms : mask I s) by (intros i _; unfold s; destruct Req_EM_T; auto).
    assert (Ss : spend I s <= b).
    { eapply Rle_trans; [|exact F]. apply sum_le. intros i _. unfold s. cbn. destruct Req_EM_T; lra. }
    specialize (O s Ms Ss). eapply Rle_trans; [apply Rplus_le_compat_l, Ropp_le_contravar, O|].
    fold (Rminus (sum (fun i => g i ^ 2) (seq 0 n)) (value I s)). rewrite <- (D s Ms). apply sum_le. intros i _.
    unfold s. destruct Req_EM_T as [->|]; [lra|]. replace (g i - 1 * g i) with 0 by ring.
    pose proof (pow2_ge_0 (g i - y i)). lra.
Qed.
