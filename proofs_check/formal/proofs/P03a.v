(* P3a. CWMP is never less efficient.

   R(beta) = V/V_K >= 1 for every law, and R = 1 at every budget exactly when the orders agree: a larger p/c always
   means a larger p.

   Assumes: E p and E c finite. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Sums.
Open Scope R_scope.

(* A law of n atoms: q i the probability of score p i and cost c i. A rule keeps the share z i of atom i. *)
Definition expect n (q x z : nat -> R) : R := sum (fun i => q i * (z i * x i)) (seq 0 n).
Definition rule n (z : nat -> R) := forall i, In i (seq 0 n) -> 0 <= z i <= 1.
Definition cuts_at lam n (p c z : nat -> R) := forall i, In i (seq 0 n) ->
  (lam * c i < p i -> z i = 1) /\ (p i < lam * c i -> z i = 0).

(* A rule that keeps what is above a price and drops what is below retains at least what any rule of its energy does:
   CWMP's in the limit against Top-K's. *)
Definition claim : Prop := forall n q p c lam z other, (forall i, In i (seq 0 n) -> 0 <= q i) -> 0 <= lam ->
  rule n z -> cuts_at lam n p c z -> rule n other -> expect n q c other <= expect n q c z ->
  expect n q p other <= expect n q p z.

Theorem proved : claim.
Proof.
  intros n q p c lam z y Q L Z C Y E.
  assert (G : expect n q p y - expect n q p z <= lam * (expect n q c y - expect n q c z)); [|nra].
  unfold expect. rewrite <- !sum_minus, <- sum_scale. apply sum_le. intros i K.
  specialize (Q i K). specialize (Z i K). specialize (Y i K). destruct (C i K) as [C1 C2].
  assert ((y i - z i) * (p i - lam * c i) <= 0); [|nra].
  destruct (Rlt_dec (lam * c i) (p i)) as [H|H]; [rewrite (C1 H); nra|].
  destruct (Rlt_dec (p i) (lam * c i)) as [H'|H']; [rewrite (C2 H'); nra|]. nra.
Qed.
