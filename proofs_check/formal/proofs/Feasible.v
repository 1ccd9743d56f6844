(* Every selector keeps each coordinate at most once and stays within the budget. *)
From Coq Require Import Reals Lra List.
From CWMP Require Import Prices.
From CWMP Require D10.
Import ListNotations.
Open Scope R_scope.

Definition fits (I : instance R) (l : list nat) : Prop :=
  NoDup l /\ incl l (indices I) /\ spend I (kept l) <= B I.

Definition claim : Prop := forall I, valid I ->
  fits I (cwmp reals I) /\ fits I (cwmp_fill reals I) /\ fits I (cwmp_best_of reals I) /\
  fits I (top_k reals I) /\ fits I (top_k_fill reals I) /\ fits I (top_k_best_of reals I).

Lemma fill_fits cost l : forall room, 0 <= room -> sum cost (fill reals cost room l) <= room.
Proof.
  induction l as [|i l IH]; intros room H; cbn; [lra|]. destruct Rle_dec; cbn; [|auto].
  specialize (IH (room - cost i)). cbn in IH. lra.
Qed.

Lemma prefix_of I first : valid I -> fits I (prefix reals (c I) (B I) (sort first (eligible reals I))).
Proof.
  intros [H _]. destruct (prefix_of_order (c I) first I (B I)) as [N C]. repeat split; auto.
  unfold spend. rewrite kept_sum by auto. now apply prefix_fits.
Qed.
Lemma fill_of I first : valid I -> fits I (fill reals (c I) (B I) (sort first (eligible reals I))).
Proof.
  intros [H _]. assert (N : NoDup (fill reals (c I) (B I) (sort first (eligible reals I)))).
  { apply D10.fill_nodup, order_nodup. }
  assert (C : incl (fill reals (c I) (B I) (sort first (eligible reals I))) (indices I)).
  { intros i L. apply D10.fill_incl, order_in in L. tauto. }
  repeat split; auto. unfold spend. rewrite kept_sum by auto. now apply fill_fits.
Qed.
Lemma best_of_fits I first : valid I -> fits I (best_of reals I (sort first (eligible reals I))).
Proof.
  intros V. unfold best_of. pose proof (fill_of I first V) as F. destruct (by_score reals I) as [|b r] eqn:E; [exact F|].
  destruct leb; [exact F|]. assert (L : In b (by_score reals I)) by (rewrite E; now left).
  apply order_in in L as (L & _ & A). assert (N : NoDup [b]) by (repeat constructor; intros []).
  assert (C : incl [b] (indices I)) by (intros i [<-|[]]; exact L). repeat split; auto.
  unfold spend. rewrite kept_sum by auto. cbn. lra.
Qed.

Theorem proved : claim.
Proof.
  intros I V. repeat apply conj; auto using prefix_of, fill_of, best_of_fits;
    try apply (prefix_of I _ V); try apply (fill_of I _ V); apply (best_of_fits I _ V).
Qed.
