(* D13b. ... at every budget.

   The contraction of D13a with delta = c(prefix)/C holds for every B >= 0.

   Assumes: none. *)
From Coq Require Import Reals Lra List.
From CWMP Require Import Prices Examples.
From CWMP Require Import D13a.
Import ListNotations.
Open Scope R_scope.

Definition claim : Prop := forall n g c b, let I := Instance n (fun i => g i ^ 2) c b in valid I ->
  error n g (cwmp reals I) <= (1 - spend I (kept (cwmp reals I)) / cost n c) * norm2 n g.

(* g = (1, 3), c = (1, 2), B = 1: the second item is not affordable and carries 9/10 of the norm; a third of the
   energy is spent. *)
Theorem refuted : ~ claim.
Proof.
  intros H. specialize (H 2%nat (fun i => nth i [1; 3] 0) (fun i => nth i [1; 2] 0) 1).
  set (I := Instance _ _ _ _) in H. cbv zeta in H.
  assert (V : valid I) by check_valid. specialize (H V).
  assert (E : cwmp reals I = [0%nat]).
  { unfold cwmp, by_density, eligible, denser, indices. decide_reals; auto. }
  rewrite E in H. unfold error, norm2, cost, spend in H. cbn in H. lra.
Qed.
