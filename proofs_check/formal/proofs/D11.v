(* D11. Prefix or fill CWMP keeps a fixed share of OPT.

   There is kappa > 0 such that prefix (or fill) CWMP retains at least kappa OPT on every instance.

   Assumes: none. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Prices Examples.
Open Scope R_scope.

Definition keeps_a_share (selector : instance R -> list nat) : Prop := exists kappa, 0 < kappa /\
  forall I m, valid I -> mask I m -> spend I m <= B I -> kappa * value I m <= value I (kept (selector I)).
Definition claim : Prop := keeps_a_share (cwmp reals) \/ keeps_a_share (cwmp_fill reals).

(* The instances are those of Examples: densities 2 and 1, so the counterexamples are strict. *)
Theorem refuted : ~ claim.
Proof.
  intros [(k & K & H)|(k & K & H)]; set (N := 3 + 2 / k) in *; assert (0 < 2 / k) by (apply Rdiv_lt_0_compat; lra);
    (assert (HN : 2 < N) by (unfold N; lra)); assert (k * N = 3 * k + 2) by (unfold N; field; lra);
    destruct (large_feasible N) as (M & F & E), (blocked_cwmp N HN) as (C1 & C2 & _);
    (specialize (H (blocked N) large (blocked_valid N HN) M (Req_le _ _ F))); pose proof (blocked_value N HN) as W;
    rewrite E in H; rewrite C1 in *; try rewrite C2 in *; lra.
Qed.
