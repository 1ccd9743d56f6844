(* P3a. CWMP is never less efficient.

   R(beta) = V/V_K >= 1 for every law, and R = 1 at every budget exactly when the orders agree: a larger p/c always
   means a larger p.

   Assumes: E p and E c finite. *)
From Coq Require Import Reals Lra Psatz List Arith.
From CWMP Require Import Sums.
From CWMP Require D20a.
Import ListNotations.
Open Scope R_scope.

(* A law of n atoms: q i the probability of score p i and cost c i. A rule keeps the share z i of atom i. *)
Definition expect n (q x z : nat -> R) : R := sum (fun i => q i * (z i * x i)) (seq 0 n).
Definition rule n (z : nat -> R) := forall i, In i (seq 0 n) -> 0 <= z i <= 1.
Definition cuts_at lam n (p c z : nat -> R) := forall i, In i (seq 0 n) ->
  (lam * c i < p i -> z i = 1) /\ (p i < lam * c i -> z i = 0).

(* Top-K in the limit: what is above a magnitude, with any part of what is at it. *)
Definition by_score tau n (p z : nat -> R) := forall i, In i (seq 0 n) ->
  (tau < p i -> z i = 1) /\ (p i < tau -> z i = 0).
Definition unbeaten n (q p c z : nat -> R) := forall other, rule n other -> expect n q c other <= expect n q c z ->
  expect n q p other <= expect n q p z.

Definition claim : Prop := forall n q p c, (forall i, In i (seq 0 n) -> 0 < q i /\ 0 <= p i /\ 0 < c i) ->
  (* a rule that keeps what is above a price and drops what is below, CWMP's in the limit, retains at least what any rule
     of its energy does, Top-K's too *)
  (forall lam z, 0 <= lam -> rule n z -> cuts_at lam n p c z -> unbeaten n q p c z) /\
  (* Top-K's retains as much at every budget exactly when the orders agree *)
  ((forall tau z, rule n z -> by_score tau n p z -> unbeaten n q p c z) <->
   forall i j, In i (seq 0 n) -> In j (seq 0 n) -> p j * c i < p i * c j -> p j < p i).

Lemma price_rule n q p c lam z : (forall i, In i (seq 0 n) -> 0 < q i /\ 0 <= p i /\ 0 < c i) -> 0 <= lam ->
  rule n z -> cuts_at lam n p c z -> unbeaten n q p c z.
Proof.
  intros Q L Z C y Y E.
  assert (G : expect n q p y - expect n q p z <= lam * (expect n q c y - expect n q c z)); [|nra].
  unfold expect. rewrite <- !sum_minus, <- sum_scale. apply sum_le. intros i K.
  destruct (Q i K) as (Qi & _ & _). specialize (Z i K). specialize (Y i K). destruct (C i K) as [C1 C2].
  assert ((y i - z i) * (p i - lam * c i) <= 0); [|nra].
  destruct (Rlt_dec (lam * c i) (p i)) as [H|H]; [rewrite (C1 H); nra|].
  destruct (Rlt_dec (p i) (lam * c i)) as [H'|H']; [rewrite (C2 H'); nra|]. nra.
Qed.

(* A little of i for a little of j, of the same energy. *)
Lemma swapped n q x z i j e f : In i (seq 0 n) -> In j (seq 0 n) ->
  expect n q x (fun k => z k + e * kept [i] k - f * kept [j] k) = expect n q x z + e * (q i * x i) - f * (q j * x j).
Proof.
  intros Li Lj. unfold expect.
  rewrite (sum_ext _ (fun k => q k * (z k * x k) + e * (kept [i] k * (q k * x k)) - f * (kept [j] k * (q k * x k)))) by (intros; ring).
  rewrite sum_minus, sum_plus, !sum_scale.
  rewrite !(sum_kept (fun k => q k * x k)); try apply seq_NoDup; try (repeat constructor; tauto);
    try (intros ? [<-|[]]; assumption). cbn. ring.
Qed.

Theorem proved : claim.
Proof.
  intros n q p c Q. split; [intros lam z L Z C; now apply (price_rule n q p c lam)|]. split.
  - intros U i j Li Lj D. destruct (Rlt_dec (p j) (p i)) as [|N]; [auto|exfalso]. apply Rnot_lt_le in N.
    destruct (Q i Li) as (Qi & Pi & Ci), (Q j Lj) as (Qj & Pj & Cj).
    assert (Ne : j <> i) by (intros ->; lra).
    set (z := fun k => if Nat.eq_dec k i then 0 else if Rle_dec (p j) (p k) then 1 else 0).
    assert (Zj : z j = 1) by (unfold z; destruct (Nat.eq_dec j i), (Rle_dec (p j) (p j)); tauto || lra).
    assert (Zi : z i = 0) by (unfold z; destruct (Nat.eq_dec i i); tauto).
    assert (Z : rule n z) by (intros k _; unfold z; destruct (Nat.eq_dec k i), (Rle_dec (p j) (p k)); lra).
    set (t := / (q j * c j + q i * c i)). assert (W : 0 < q j * c j + q i * c i) by nra.
    assert (T : t * (q j * c j) + t * (q i * c i) = 1) by (unfold t; field; lra).
    assert (T0 : 0 < t) by (now apply Rinv_0_lt_compat).
    assert (E0 : 0 < t * (q j * c j)) by (apply Rmult_lt_0_compat; nra).
    assert (F0 : 0 < t * (q i * c i)) by (apply Rmult_lt_0_compat; nra).
    specialize (U (p j) z Z). assert (S : by_score (p j) n p z).
    { intros k _. unfold z. destruct (Nat.eq_dec k i) as [->|]; [lra|]. destruct (Rle_dec (p j) (p k)); lra. }
    specialize (U S (fun k => z k + t * (q j * c j) * kept [i] k - t * (q i * c i) * kept [j] k)).
    rewrite !swapped in U by auto. assert (X : 0 < t * (q i * q j) * (p i * c j - p j * c i)).
    { apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; nra|lra]. }
    enough (t * (q j * c j) * (q i * p i) - t * (q i * c i) * (q j * p j) <= 0) by nra.
    enough (expect n q p z + t * (q j * c j) * (q i * p i) - t * (q i * c i) * (q j * p j) <= expect n q p z) by lra.
    apply U; [|right; ring]. intros k L. specialize (Z k L).
    destruct (Nat.eq_dec k i) as [->|Ni]; [rewrite Zi, (kept_in [i]), (kept_out [j]) by (cbn; intuition congruence); lra|].
    rewrite (kept_out [i]) by (cbn; intuition congruence).
    destruct (Nat.eq_dec k j) as [->|Nj]; [rewrite Zj, (kept_in [j]) by (cbn; auto); lra|].
    rewrite (kept_out [j]) by (cbn; intuition congruence). lra.
  - intros A tau z Z S. destruct (D20a.between (fun i => p i / c i)
      (filter (fun i => if Rlt_dec (z i) 1 then true else false) (seq 0 n))
      (filter (fun i => if Rlt_dec 0 (z i) then true else false) (seq 0 n))) as (t & T1 & T2).
    { intros i j Li Lj. apply filter_In in Li as [Li Hi], Lj as [Lj Hj].
      destruct (Rlt_dec (z i) 1) as [Zi|]; [|discriminate]. destruct (Rlt_dec 0 (z j)) as [Zj|]; [|discriminate].
      destruct (S i Li) as [Si _], (S j Lj) as [_ Sj]. destruct (Q i Li) as (_ & _ & Ci), (Q j Lj) as (_ & _ & Cj).
      assert (P : p i <= p j).
      { destruct (Rlt_dec tau (p i)) as [X|X]; [specialize (Si X); lra|].
        destruct (Rlt_dec (p j) tau) as [Y|Y]; [specialize (Sj Y); lra|lra]. }
      apply Rmult_le_reg_r with (c i * c j); [nra|].
      replace (p i / c i * (c i * c j)) with (p i * c j) by (field; lra).
      replace (p j / c j * (c i * c j)) with (p j * c i) by (field; lra).
      destruct (Rlt_dec (p j * c i) (p i * c j)) as [X|X]; [specialize (A i j Li Lj X); lra|lra]. }
    apply (price_rule n q p c (Rmax 0 t) z Q (Rmax_l 0 t) Z). intros i Li. destruct (Q i Li) as (_ & Pi & Ci).
    assert (Den : p i = p i / c i * c i) by (field; lra). specialize (Z i Li).
    pose proof (Rmax_l 0 t) as M1. pose proof (Rmax_r 0 t) as M2. split; intros X.
    + destruct (Rlt_dec (z i) 1) as [Y|Y]; [exfalso|lra]. specialize (T1 i). cbv beta in T1.
      assert (p i / c i <= t); [|nra]. apply T1, filter_In. split; [exact Li|]. destruct (Rlt_dec (z i) 1); tauto.
    + destruct (Rlt_dec 0 (z i)) as [Y|Y]; [exfalso|lra]. specialize (T2 i). cbv beta in T2.
      assert (G : t <= p i / c i) by (apply T2, filter_In; split; [exact Li|]; destruct (Rlt_dec 0 (z i)); tauto).
      assert (0 <= p i / c i) by (apply Rmult_le_pos; [lra|left; now apply Rinv_0_lt_compat]).
      assert (Rmax 0 t <= p i / c i) by (now apply Rmax_lub). nra.
Qed.
