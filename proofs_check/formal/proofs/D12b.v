(* D12b. |g|/c solves the l2 relaxation.

   Filling the budget in the order of |g_i|/c_i, with the fractional critical item, maximises sum g_i^2 z_i over the
   relaxation.

   Assumes: none. *)
From Coq Require Import Reals Lra List.
From CWMP Require Import Relaxation Examples.
Import ListNotations.
Open Scope R_scope.

Definition squares n (g c : nat -> R) b : instance R := Instance n (fun i => g i ^ 2) c b.
Definition magnitudes n (g c : nat -> R) b : instance R := Instance n (fun i => Rabs (g i)) c b.

(* relaxed (magnitudes ...) fills the budget in the order of |g_i|/c_i. *)
Definition claim : Prop := forall n g c b z, valid (squares n g c b) ->
  fractional (squares n g c b) z -> affordable (squares n g c b) z -> spend (squares n g c b) z <= b ->
  value (squares n g c b) z <= value (squares n g c b) (relaxed (magnitudes n g c b)).

(* g = (3, 1), c = (4, 1), B = 4: |g|/c = (3/4, 1), so the second item goes first and 3/4 of the first is left: 7.75.
   The first item alone retains 9. *)
Definition g (i : nat) : R := match i with 0%nat => 3 | _ => 1 end.
Definition c (i : nat) : R := match i with 0%nat => 4 | _ => 1 end.

Lemma order : by_density reals (magnitudes 2 g c 4) = [1; 0]%nat.
Proof.
  assert (Rabs 3 = 3) by (apply Rabs_right; lra). assert (Rabs 1 = 1) by (apply Rabs_right; lra).
  unfold by_density, eligible, denser, indices, magnitudes, g, c. decide_reals; auto.
Qed.

Theorem refuted : ~ claim.
Proof.
  intros H. specialize (H 2%nat g c 4 (kept [0%nat])).
  assert (V : value (squares 2 g c 4) (relaxed (magnitudes 2 g c 4)) = 31 / 4).
  { assert (Rabs 3 = 3) by (apply Rabs_right; lra).
    unfold value, relaxed, share, critical_item, cwmp. rewrite order. cbn.
    destruct (Rle_dec 1 4); [|lra]. destruct (Rle_dec 4 (4 - 1)); [lra|]. cbn. lra. }
  rewrite V in H. unfold value at 1 in H. cbn in H. enough (9 <= 31 / 4) by lra.
  replace 9 with (1 * (3 * (3 * 1)) + (0 * (1 * (1 * 1)) + 0)) by ring. apply H.
  - split; [cbn; lra|]. intros [|i] _; cbn; lra.
  - apply kept_fractional.
  - intros [|i] _; cbn; lra.
  - unfold spend. cbn. lra.
Qed.
