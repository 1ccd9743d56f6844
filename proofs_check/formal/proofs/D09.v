(* D9. 0/1 CWMP is optimal at every budget.

   For every g, c and B, prefix CWMP attains OPT.

   Assumes: none. *)
From Coq Require Import Reals Lra List.
From CWMP Require Import Prices Examples.
Import ListNotations.
Open Scope R_scope.

Definition claim : Prop := forall I m, valid I -> mask I m -> spend I m <= B I ->
  value I m <= value I (kept (cwmp reals I)).

(* The smallest counterexample without ties (by costs, then scores), which no order of ties would mend:
   p = (2, 3), c = (1, 2), B = 2.
   The order takes the item of density 2 and has no room for that of density 3/2, which alone would retain 3. *)
Definition strict : instance R := of_lists [2; 3] [1; 2] 2.

Theorem strict_counterexample : valid strict /\ density strict 1 < density strict 0 /\
  mask strict large /\ spend strict large <= B strict /\ value strict (kept (cwmp reals strict)) = 2 /\
  value strict large = 3.
Proof.
  assert (O : by_density reals strict = [0; 1]%nat).
  { unfold by_density, eligible, denser, indices. decide_reals; auto. }
  assert (C : cwmp reals strict = [0%nat]).
  { unfold cwmp. rewrite O. cbn. destruct (Rle_dec 1 2); [|lra]. destruct (Rle_dec 2 (2 - 1)); [lra|auto]. }
  rewrite C. split; [check_valid|]. repeat split; try (unfold density, spend, value, large; cbn; lra). apply kept_mask.
Qed.

Theorem refuted : ~ claim.
Proof.
  intros H. destruct strict_counterexample as (V & _ & M & F & E1 & E2). specialize (H strict large V M F). lra.
Qed.
