(* Coordinates in groups, pages or layers: a sum over all of them is the sum over the groups. *)
From Coq Require Import Reals Lra List Arith.
From CWMP Require Export Sums.
Import ListNotations.
Open Scope R_scope.

Definition on (group : nat -> nat) (n j : nat) : list nat := filter (fun i => Nat.eqb (group i) j) (seq 0 n).

Lemma in_on group n j i : In i (on group n j) <-> In i (seq 0 n) /\ group i = j.
Proof. unfold on. rewrite filter_In, Nat.eqb_eq. reflexivity. Qed.

Lemma sum_by_group f group n G : (forall i, In i (seq 0 n) -> (group i < G)%nat) ->
  sum f (seq 0 n) = sum (fun j => sum f (on group n j)) (seq 0 G).
Proof.
  unfold on. induction (seq 0 n) as [|i l IH]; intros H; cbn; [symmetry; apply sum_zero|].
  rewrite IH by (intros; apply H; now right).
  transitivity (sum (fun j => kept [group i] j * f i + sum f (filter (fun i => Nat.eqb (group i) j) l)) (seq 0 G)).
  - rewrite sum_plus, (sum_kept (fun _ => f i)); [cbn; ring|repeat constructor; tauto| |apply seq_NoDup].
    intros j [<-|[]]. apply in_seq. specialize (H i (or_introl eq_refl)). split; [apply Nat.le_0_l|exact H].
  - apply sum_ext. intros j _. destruct (Nat.eqb_spec (group i) j) as [->|N].
    + rewrite kept_in by now left. cbn. ring.
    + rewrite kept_out; [ring|]. intros [E|[]]. congruence.
Qed.
