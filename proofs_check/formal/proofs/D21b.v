(* D21b. Equal budgets are optimal for clients of unequal norm.

   Clients whose updates differ in norm retain most together when each gets B/K.

   Assumes: none. *)
From Coq Require Import Reals Lra List.
From CWMP Require Import Relaxation Examples.
From CWMP Require Import D15a.
Import ListNotations.
Open Scope R_scope.

(* Two clients with the same costs and budgets that let every item in. *)
Definition claim : Prop := forall I J b b1 b2, valid I -> valid J -> indices I = indices J ->
  (forall i, In i (indices I) -> c I i = c J i /\ c I i <= b /\ c I i <= b1 /\ c I i <= b2) -> b1 + b2 = b + b ->
  best I b1 + best J b2 <= best I b + best J b.

(* p = (4, 4, 4) and (1, 1, 1), c = (1, 1, 1): budgets 3 and 1 retain 13, twice 2 retains 10. *)
Definition rich : instance R := of_lists [4; 4; 4] [1; 1; 1] 0.
Definition poor : instance R := of_lists [1; 1; 1] [1; 1; 1] 0.

Ltac evaluate := unfold best, value, relaxed, share, critical_item, cwmp;
  match goal with |- context [by_density reals ?I] =>
    let O := fresh in assert (O : by_density reals I = [0; 1; 2]%nat)
      by (unfold by_density, eligible, denser, indices, at_budget; decide_reals; auto); rewrite O; clear O end;
  decide_reals; cbn; lra.

Theorem refuted : ~ claim.
Proof.
  intros H. specialize (H rich poor 2 3 1).
  assert (best rich 3 = 12) by evaluate. assert (best poor 1 = 1) by evaluate.
  assert (best rich 2 = 8) by evaluate. assert (best poor 2 = 2) by evaluate.
  assert (best rich 3 + best poor 1 <= best rich 2 + best poor 2); [|lra].
  apply H; [check_valid|check_valid|reflexivity| |lra].
  intros i L. cbn in L. repeat destruct L as [<-|L]; try destruct L; cbn; lra.
Qed.
