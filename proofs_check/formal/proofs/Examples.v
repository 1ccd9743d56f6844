(* Instances for counterexamples: from lists, and a family of two items that defeats the greedy prefix: a cheap item of higher density blocks one that fills the
   budget. p = (2, N), c = (1, N), B = N: densities 2 and 1, so no order of ties would help. *)
From Coq Require Import Reals Lra List.
From CWMP Require Export Prices.
Import ListNotations.
Open Scope R_scope.

Definition of_lists (ps cs : list R) (b : R) : instance R :=
  Instance (length ps) (fun i => nth i ps 0) (fun i => nth i cs 0) b.

Definition blocked (N : R) : instance R :=
  Instance 2 (fun i => match i with 0%nat => 2 | _ => N end) (fun i => match i with 0%nat => 1 | _ => N end) N.

(* Decide comparisons one by one, those inside others first. *)
Ltac decide_reals := repeat (cbn in *; match goal with |- context [Rle_dec ?x ?y] =>
  lazymatch constr:((x, y)) with context [Rle_dec] => fail | _ => destruct (Rle_dec x y); try lra; try nra end end).

Lemma blocked_valid N : 2 < N -> valid (blocked N).
Proof. intros H. split; [cbn; lra|]. intros [|i] _; cbn; lra. Qed.

Lemma blocked_order N : 2 < N -> by_density reals (blocked N) = [0; 1]%nat.
Proof. intros H. unfold by_density, eligible, denser, indices. decide_reals; auto; nra. Qed.

Lemma blocked_cwmp N : 2 < N -> cwmp reals (blocked N) = [0%nat] /\ cwmp_fill reals (blocked N) = [0%nat] /\
  critical_item reals (blocked N) = Some 1%nat.
Proof.
  intros H. unfold cwmp, cwmp_fill, critical_item. rewrite blocked_order by auto. cbn.
  destruct (Rle_dec 1 N); [|lra]. destruct (Rle_dec N (N - 1)); [lra|auto].
Qed.

(* Every index of an explicit instance in turn. *)
Ltac each_index := let i := fresh "i" in let L := fresh "L" in intros i L; cbn in L;
  repeat (destruct L as [<-|L]); try destruct L; cbn; try lra.
Ltac check_valid := split; [cbn; lra|each_index].

(* The mask that keeps the large item alone. *)
Definition large : nat -> R := kept [1%nat].
Lemma large_feasible N : mask (blocked N) large /\ spend (blocked N) large = N /\ value (blocked N) large = N.
Proof. split; [apply kept_mask|]. unfold spend, value, large. cbn. lra. Qed.

Lemma blocked_value N : 2 < N -> value (blocked N) (kept (cwmp reals (blocked N))) = 2.
Proof. intros H. destruct (blocked_cwmp N H) as [-> _]. unfold value. cbn. lra. Qed.
