(* D15c. Prefixes are nested at every budget.

   If B <= B' then prefix CWMP at B selects a subset of prefix CWMP at B', for every B >= 0.

   Assumes: none. *)
From Coq Require Import Reals Lra List.
From CWMP Require Import Prices Examples.
Import ListNotations.
Open Scope R_scope.

Definition claim : Prop := forall n ps cs b b', let at_budget b := Instance n ps cs b in
  valid (at_budget b) -> b <= b' -> incl (cwmp reals (at_budget b)) (cwmp reals (at_budget b')).

(* p = (4, 1), c = (2, 1): at B = 1 only the second item is affordable; at B' = 2 the first goes first and fills it. *)
Theorem refuted : ~ claim.
Proof.
  intros H. specialize (H 2%nat (fun i => nth i [4; 1] 0) (fun i => nth i [2; 1] 0) 1 2). cbv beta zeta in H.
  set (I := Instance _ _ _ 1) in H. set (J := Instance _ _ _ 2) in H.
  assert (V : valid I) by check_valid. specialize (H V).
  assert (E : cwmp reals I = [1]%nat).
  { unfold cwmp, by_density, eligible, denser, indices. decide_reals; auto. }
  assert (O : by_density reals J = [0; 1]%nat).
  { unfold by_density, eligible, denser, indices. decide_reals; auto. }
  assert (F : cwmp reals J = [0]%nat).
  { unfold cwmp. rewrite O. decide_reals; auto. }
  rewrite E, F in H. assert (L : In 1%nat [0]%nat) by (apply H; [lra|now left]). destruct L as [L|[]]; discriminate.
Qed.
