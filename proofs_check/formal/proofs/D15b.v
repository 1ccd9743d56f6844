(* D15b. Fill is nested in the budget.

   If B <= B' then fill CWMP at B selects a subset of fill CWMP at B'.

   Assumes: B >= c_max. *)
From Coq Require Import Reals Lra List.
From CWMP Require Import Prices Examples.
Import ListNotations.
Open Scope R_scope.

Definition claim : Prop := forall n ps cs b b', let at_budget b := Instance n ps cs b in
  valid (at_budget b) -> (forall i, In i (seq 0 n) -> cs i <= b) -> b <= b' ->
  incl (cwmp_fill reals (at_budget b)) (cwmp_fill reals (at_budget b')).

(* p = (6, 5, 1), c = (2, 2, 1): at B = 3 fill takes the first and the third, at B' = 4 the first and the second. *)
Theorem refuted : ~ claim.
Proof.
  intros H. specialize (H 3%nat (fun i => nth i [6; 5; 1] 0) (fun i => nth i [2; 2; 1] 0) 3 4). cbv beta zeta in H.
  set (I := Instance _ _ _ 3) in H. set (J := Instance _ _ _ 4) in H.
  assert (V : valid I) by check_valid. specialize (H V).
  assert (O : by_density reals I = [0; 1; 2]%nat).
  { unfold by_density, eligible, denser, indices. decide_reals; auto. }
  assert (P : by_density reals J = [0; 1; 2]%nat).
  { unfold by_density, eligible, denser, indices. decide_reals; auto. }
  assert (E : cwmp_fill reals I = [0; 2]%nat).
  { unfold cwmp_fill. rewrite O. decide_reals; auto. }
  assert (F : cwmp_fill reals J = [0; 1]%nat).
  { unfold cwmp_fill. rewrite P. decide_reals; auto. }
  rewrite E, F in H.
  assert (L : In 2%nat [0; 1]%nat) by (apply H; [each_index|lra|right; now left]).
  destruct L as [L|[L|[]]]; discriminate.
Qed.
