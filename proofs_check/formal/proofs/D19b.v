(* D19b. ... because such a mask holds at least k items.

   Any mask that retains at least as much as Top-K's k items holds at least k items.

   Assumes: none. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Counting Examples.
Import ListNotations.
Open Scope R_scope.

Definition claim : Prop := forall I m, valid I -> mask I m -> value I (kept (top_k reals I)) <= value I m ->
  INR (length (top_k reals I)) <= count I m.

(* p = (1, 2, 5), c = (1, 1, 3), B = 2: the third is dearer than the budget, so Top-K keeps the others. *)
Theorem refuted : ~ claim.
Proof.
  intros H. set (I := of_lists [1; 2; 5] [1; 1; 3] 2). specialize (H I (kept [2%nat])).
  assert (E : top_k reals I = [1; 0]%nat) by (unfold top_k, by_score, eligible, larger, indices; decide_reals; auto).
  rewrite E in H. assert (V : valid I) by check_valid. specialize (H V (kept_mask I _)).
  unfold value, count in H. cbn in H. lra.
Qed.
