(* D14b. ... at every budget, counting affordable items.

   The contraction of D14a with k_B counted over the affordable items only holds for every B >= 0.

   Assumes: none. *)
From Coq Require Import Reals Lra List Lia.
From CWMP Require Import Prices Counting Examples.
From CWMP Require Import D13a.
Import ListNotations.
Open Scope R_scope.

(* k is counted over the affordable items only. *)
Definition claim : Prop := forall n g c b k, let I := Instance n (fun i => g i ^ 2) c b in
  let may := filter (fun i => leb reals (c i) b) (seq 0 n) in
  valid I -> (k <= length may)%nat -> sum c (firstn k (dearest_first c may)) <= b ->
  error n g (top_k reals I) <= (1 - INR k / INR n) * norm2 n g.

(* g = (1, 3), c = (1, 2), B = 1: one of two coordinates is affordable, and it carries a tenth of the norm. *)
Theorem refuted : ~ claim.
Proof.
  intros H. specialize (H 2%nat (fun i => nth i [1; 3] 0) (fun i => nth i [1; 2] 0) 1 1%nat).
  set (I := Instance _ _ _ _) in H. cbv beta zeta in H.
  assert (V : valid I) by check_valid. specialize (H V).
  assert (M : filter (fun i => leb reals (nth i [1; 2] 0) 1) (seq 0 2) = [0%nat]) by (decide_reals; auto).
  rewrite M in H. specialize (H (le_n 1)).
  assert (E : top_k reals I = [0%nat]).
  { unfold top_k, by_score, eligible, larger, indices. decide_reals; auto. }
  rewrite E in H. unfold error, norm2, dearest_first in H. cbn in H. lra.
Qed.
