(* What the relaxed solution retains and spends. *)
From Coq Require Import Reals Lra Psatz List Bool Arith Permutation.
From CWMP Require Export Prices.
Import ListNotations.
Open Scope R_scope.

(* (p_i - lambda c_i)+ of an affordable item *)
Definition surplus (I : instance R) (lam : R) (i : nat) : R :=
  if Rle_dec (c I i) (B I) then Rmax 0 (p I i - lam * c I i) else 0.

Lemma Rmax_0_pos x : 0 <= x -> Rmax 0 x = x.
Proof. intros. now apply Rmax_right. Qed.
Lemma Rmax_0_neg x : x <= 0 -> Rmax 0 x = 0.
Proof. intros. now apply Rmax_left. Qed.

Lemma relaxed_sum I f : sum (fun i => relaxed I i * f i) (indices I) =
  sum f (cwmp reals I) + match critical_item reals I with Some s => share I * f s | None => 0 end.
Proof.
  unfold relaxed. destruct (critical_item reals I) as [s|] eqn:E.
  - rewrite (sum_ext _ (fun i => kept (cwmp reals I) i * f i + share I * (kept [s] i * f i))) by (intros; ring).
    rewrite sum_plus, cwmp_sum, sum_scale, kept_sum; [cbn; lra|repeat constructor; tauto|].
    unfold critical_item in E. destruct (prefix_spec (c I) (by_density reals I) (B I)) as [[X _]|(t & r & X & H & _)].
    + congruence.
    + rewrite E in X. injection X as <-. intros j [<-|[]].
      assert (L : In s (by_density reals I)) by (rewrite H; apply in_elt). now apply order_in in L.
  - rewrite (sum_ext _ (fun i => kept (cwmp reals I) i * f i)) by (intros; ring). rewrite cwmp_sum. lra.
Qed.

Lemma relaxed_value I : value I (relaxed I) = value I (kept (cwmp reals I)) + share I * critical_score I.
Proof.
  unfold value. rewrite relaxed_sum, cwmp_sum. unfold critical_score. destruct critical_item; lra.
Qed.

Lemma critical_spec I s : valid I -> critical_item reals I = Some s ->
  In s (indices I) /\ 0 < p I s /\ c I s <= B I /\ 0 < c I s /\ ~ In s (cwmp reals I) /\
  B I < sum (c I) (cwmp reals I) + c I s.
Proof.
  intros V E. unfold critical_item in E.
  destruct (prefix_spec (c I) (by_density reals I) (B I)) as [[X _]|(t & r & X & H & Q)]; [congruence|].
  rewrite E in X. injection X as <-.
  assert (L : In s (by_density reals I)) by (rewrite H; apply in_elt). apply order_in in L as (L & P & C).
  repeat split; auto; [apply (proj2 V); auto|].
  pose proof (order_nodup (denser reals I) I) as N. fold (by_density reals I) in N. rewrite H in N.
  apply NoDup_remove_2 in N. intros K. apply N, in_or_app. now left.
Qed.

Lemma relaxed_fractional I : valid I -> fractional I (relaxed I).
Proof.
  intros V i L. unfold relaxed. pose proof (share_range I V). pose proof (kept_01 (cwmp reals I) i).
  destruct (critical_item reals I) as [s|] eqn:E; [|lra].
  apply (critical_spec I s V) in E as (_ & _ & _ & _ & N & _).
  unfold kept in *. destruct (in_dec Nat.eq_dec i [s]) as [[->|[]]|K].
  - destruct in_dec; [tauto|lra].
  - destruct in_dec; lra.
Qed.

Lemma cwmp_affordable I : affordable I (kept (cwmp reals I)).
Proof. intros i L D. apply kept_out. intros K. apply prefix_incl, order_in in K. lra. Qed.

Lemma relaxed_affordable I : valid I -> affordable I (relaxed I).
Proof.
  intros V i L D. unfold relaxed. rewrite (cwmp_affordable I i L D).
  destruct (critical_item reals I) as [s|] eqn:E; [|lra].
  apply (critical_spec I s V) in E as (_ & _ & C & _). rewrite kept_out; [lra|]. intros [->|[]]. lra.
Qed.

Lemma relaxed_fits I : valid I -> spend I (relaxed I) <= B I.
Proof.
  intros V. pose proof (cwmp_fits I V) as F. unfold spend in *. rewrite cwmp_sum in F. rewrite relaxed_sum.
  unfold share. destruct (critical_item reals I) as [s|] eqn:E; [|lra].
  apply (critical_spec I s V) in E as (_ & _ & _ & C & _). unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
Qed.

(* At the price, the prefix earns exactly what duality allows. *)
Lemma slackness I : valid I ->
  value I (kept (cwmp reals I)) =
  price I * spend I (kept (cwmp reals I)) + sum (surplus I (price I)) (indices I).
Proof.
  intros V. unfold value, spend. rewrite <- sum_scale, <- sum_plus. apply sum_ext. intros i L.
  destruct (cwmp_priced I V) as (_ & K & O). specialize (K i L). specialize (O i L). unfold surplus.
  destruct (in_dec Nat.eq_dec i (cwmp reals I)) as [Y|N].
  - specialize (K Y). rewrite kept_in by auto. apply prefix_incl, order_in in Y as (_ & _ & C).
    destruct Rle_dec; [|lra]. rewrite Rmax_0_pos; lra.
  - rewrite kept_out by auto. destruct Rle_dec; [|lra]. destruct (O N); [|lra]. rewrite Rmax_0_neg; lra.
Qed.

(* The slope of the value: no candidate, at whatever budget, gains more than the price of what it spends beyond B. *)
Lemma relaxed_gain I z : valid I -> fractional I z -> affordable I z ->
  value I z <= value I (relaxed I) + price I * (spend I z - B I).
Proof.
  intros V Z F. pose proof (priced_gain I _ _ z (cwmp_priced I V) Z F).
  rewrite relaxed_value, gap_is_priced by auto. lra.
Qed.
