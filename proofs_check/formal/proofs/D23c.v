(* D23c. CWMP itself is safe for some theta > 0.

   There is theta > 0 such that CWMP keeps theta p(T, l) in every layer l, T Top-K under the same budget.

   Assumes: none. *)
From Coq Require Import Reals Lra List.
From CWMP Require Import Relaxation Groups Examples.
From CWMP Require Import D23a.
Import ListNotations.
Open Scope R_scope.

Definition claim : Prop := exists theta, 0 < theta /\
  forall I layer layers, valid I -> safe I layer layers theta (kept (cwmp reals I)).

(* p = (2, 3), c = (1, 2), B = 2, a layer each: CWMP takes the first, Top-K the second, whose layer CWMP starves. *)
Theorem refuted : ~ claim.
Proof.
  intros (theta & T & H). specialize (H (of_lists [2; 3] [1; 2] 2) (fun i => i) 2%nat).
  set (I := of_lists _ _ _) in H. assert (V : valid I) by check_valid.
  assert (O : by_density reals I = [0; 1]%nat) by (unfold by_density, eligible, denser, indices; decide_reals; auto).
  assert (E : cwmp reals I = [0]%nat) by (unfold cwmp; rewrite O; decide_reals; auto).
  assert (Q : by_score reals I = [1; 0]%nat) by (unfold by_score, eligible, larger, indices; decide_reals; auto).
  assert (F : top_k reals I = [1]%nat) by (unfold top_k; rewrite Q; decide_reals; auto).
  specialize (H V 1%nat (or_intror (or_introl eq_refl))). unfold part in H. rewrite E, F in H. cbn in H. lra.
Qed.
