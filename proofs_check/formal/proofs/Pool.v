(* Instances laid end to end: the items of K clients as those of one instance, so that one price decides all of them. *)
From Coq Require Import Reals Lra Psatz List Bool Arith Lia.
From CWMP Require Export Relaxation.
Import ListNotations.
Open Scope R_scope.

Section Pool.
Variables (K : nat) (client : nat -> instance R) (budget : R).
Hypothesis Fine : forall k, In k (seq 0 K) -> valid (client k) /\ forall i, In i (indices (client k)) -> c (client k) i <= budget.
Hypothesis Budget : 0 <= budget.

(* Every client has W places, as many as the one of most items has items; what is beyond its items is worth nothing. *)
Definition W : nat := S (list_max (map (fun k => d (client k)) (seq 0 K))).
Definition there (n : nat) : bool := Nat.ltb (n mod W) (d (client (n / W)%nat)).
Definition pool : instance R := Instance (K * W)
  (fun n => if there n then p (client (n / W)%nat) (n mod W) else 0)
  (fun n => if there n then c (client (n / W)%nat) (n mod W) else 1) budget.

(* The shares of client k. *)
Definition of_client (z : nat -> R) (k i : nat) : R := z (k * W + i)%nat.
Definition together (y : nat -> nat -> R) (n : nat) : R := if there n then y (n / W)%nat (n mod W)%nat else 0.

Lemma W_positive : (0 < W)%nat.
Proof. unfold W. lia. Qed.
Lemma W_enough k : In k (seq 0 K) -> (d (client k) < W)%nat.
Proof.
  intros L. unfold W. apply Nat.lt_succ_r. assert (F := proj1 (list_max_le (map (fun k => d (client k)) (seq 0 K)) _) (Nat.le_refl _)).
  rewrite Forall_forall in F. apply F, in_map_iff. exists k. auto.
Qed.

Lemma place k i : (i < W)%nat -> ((k * W + i) / W = k /\ (k * W + i) mod W = i)%nat.
Proof.
  intros L. pose proof W_positive. split.
  - rewrite Nat.div_add_l by lia. rewrite Nat.div_small by lia. lia.
  - rewrite Nat.add_comm, Nat.mod_add by lia. now apply Nat.mod_small.
Qed.

Lemma rows m : forall a, seq (m + a) W = map (fun i => (m + i)%nat) (seq a W).
Proof. induction W as [|w IH]; intros a; cbn; [auto|]. f_equal. rewrite <- IH. f_equal. lia. Qed.

Lemma sum_rows f m : sum f (seq 0 (m * W)) = sum (fun k => sum (fun i => f (k * W + i)%nat) (seq 0 W)) (seq 0 m).
Proof.
  induction m as [|m IH]; [reflexivity|].
  replace (S m * W)%nat with (m * W + W)%nat by lia. rewrite (seq_app (m * W) W 0), sum_app, IH.
  replace (seq 0 (S m)) with (seq 0 m ++ [m]) by (symmetry; apply seq_S). rewrite sum_app. f_equal.
  replace (seq (0 + m * W) W) with (map (fun i => (m * W + i)%nat) (seq 0 W)) by (rewrite <- rows; f_equal; lia).
  rewrite sum_map. cbn. lra.
Qed.

(* Sums over the pool are sums over the clients, where places beyond a client's items count nothing. *)
Lemma sum_pool (f : nat -> nat -> R) g : (forall k i, In k (seq 0 K) -> In i (indices (client k)) -> g (k * W + i)%nat = f k i) ->
  (forall n, there n = false -> g n = 0) ->
  sum g (indices pool) = sum (fun k => sum (f k) (indices (client k))) (seq 0 K).
Proof.
  intros E Z. unfold indices at 1. cbn [d pool]. rewrite sum_rows. apply sum_ext. intros k L.
  pose proof (W_enough k L) as G.
  assert (Two : seq 0 W = seq 0 (d (client k)) ++ seq (0 + d (client k)) (W - d (client k))) by (rewrite <- seq_app; f_equal; lia).
  rewrite Two, sum_app. rewrite (sum_ext _ (f k) (seq 0 (d (client k)))) by (intros i Li; now apply E).
  rewrite (sum_ext _ (fun _ => 0) (seq (0 + d (client k)) _)), sum_zero; [unfold indices; cbn; lra|].
  intros i Li. apply Z. apply in_seq in Li. unfold there. destruct (place k i) as [-> ->]; [lia|].
  apply Nat.ltb_ge. lia.
Qed.

Lemma there_item k i : In k (seq 0 K) -> In i (indices (client k)) ->
  there (k * W + i) = true /\ ((k * W + i) / W = k)%nat /\ ((k * W + i) mod W = i)%nat /\ In (k * W + i)%nat (indices pool).
Proof.
  intros L Li. pose proof (W_enough k L) as G. apply in_seq in Li, L. destruct (place k i) as [E1 E2]; [lia|].
  unfold there. rewrite E1, E2. split; [apply Nat.ltb_lt; lia|]. repeat split; auto. apply in_seq. cbn [d pool].
  assert ((k * W + i < (k + 1) * W)%nat) by lia. assert ((k + 1) * W <= K * W)%nat by (apply Nat.mul_le_mono_r; lia). lia.
Qed.

Lemma there_spec n : In n (indices pool) -> there n = true ->
  In (n / W)%nat (seq 0 K) /\ In (n mod W)%nat (indices (client (n / W)%nat)).
Proof.
  intros L T. apply Nat.ltb_lt in T. apply in_seq in L. cbn [d pool] in L. pose proof W_positive. split; apply in_seq; [|lia].
  split; [lia|]. rewrite Nat.add_0_l. apply Nat.div_lt_upper_bound; lia.
Qed.

Lemma pool_valid : valid pool.
Proof.
  split; [exact Budget|]. intros n L. cbn [p c pool]. destruct (there n) eqn:T; [|lra].
  destruct (there_spec n L T) as [H1 H2]. now apply (proj1 (Fine _ H1)).
Qed.

Lemma pool_value z : value pool z = sum (fun k => value (client k) (of_client z k)) (seq 0 K).
Proof.
  unfold value at 1. apply (sum_pool (fun k i => of_client z k i * p (client k) i)).
  - intros k i L Li. destruct (there_item k i L Li) as (T & E1 & E2 & _). cbn [p pool]. now rewrite T, E1, E2.
  - intros n T. cbn [p pool]. rewrite T. ring.
Qed.

(* Nothing is kept of the places beyond the items. *)
Definition trim (z : nat -> R) (n : nat) : R := if there n then z n else 0.
Lemma pool_spend z : spend pool (trim z) = sum (fun k => spend (client k) (of_client z k)) (seq 0 K).
Proof.
  unfold spend at 1. apply (sum_pool (fun k i => of_client z k i * c (client k) i)).
  - intros k i L Li. destruct (there_item k i L Li) as (T & E1 & E2 & _). unfold trim. cbn [c pool]. now rewrite T, E1, E2.
  - intros n T. unfold trim. rewrite T. ring.
Qed.

Lemma pool_affordable z : affordable pool (trim z).
Proof.
  intros n L D. unfold trim. destruct (there n) eqn:T; [exfalso|auto]. destruct (there_spec n L T) as [H1 H2].
  cbn [c pool B] in D. rewrite T in D. pose proof (proj2 (Fine _ H1) _ H2). lra.
Qed.

Lemma of_together y k i : In k (seq 0 K) -> In i (indices (client k)) -> of_client (together y) k i = y k i.
Proof.
  intros L Li. destruct (there_item k i L Li) as (T & E1 & E2 & _). unfold of_client, together. now rewrite T, E1, E2.
Qed.

Lemma pool_fractional y : (forall k, In k (seq 0 K) -> fractional (client k) (y k)) -> fractional pool (together y).
Proof.
  intros F n L. unfold together. destruct (there n) eqn:T; [|lra]. destruct (there_spec n L T) as [H1 H2]. now apply (F _ H1).
Qed.

Lemma client_fractional z k : In k (seq 0 K) -> fractional pool z -> fractional (client k) (of_client z k).
Proof. intros L F i Li. destruct (there_item k i L Li) as (_ & _ & _ & Lp). now apply F. Qed.

(* What CWMP keeps of the pool are items. *)
Lemma pool_keeps l : incl l (by_density reals pool) -> forall n, In n l -> there n = true.
Proof.
  intros C n L. specialize (C n L). apply order_in in C as (_ & P & _). cbn [p pool] in P. destruct (there n); [auto|lra].
Qed.
End Pool.
