(* D15a. Value of the budget.

   The relaxation's value is concave, non-decreasing in B, of slope lambda, and the prefixes are nested in B.

   Assumes: B >= c_max. *)
From Coq Require Import Reals Lra Psatz List Sorted.
From CWMP Require Import Relaxation.
Import ListNotations.
Open Scope R_scope.

Definition at_budget (I : instance R) (b : R) : instance R := Instance (d I) (p I) (c I) b.
Definition best (I : instance R) (b : R) : R := value I (relaxed (at_budget I b)).

(* From B >= c_max on. The price is a supergradient everywhere and the slope to the right. *)
Definition claim : Prop := forall I cmax, valid I -> (forall i, In i (indices I) -> c I i <= cmax) -> 0 <= cmax ->
  forall b b', cmax <= b -> cmax <= b' ->
  (b <= b' -> best I b <= best I b') /\
  (forall t, 0 <= t <= 1 -> (1 - t) * best I b + t * best I b' <= best I ((1 - t) * b + t * b')) /\
  best I b' <= best I b + price (at_budget I b) * (b' - b) /\
  (exists room, 0 < room /\ (b <= b' < b + room -> best I b' = best I b + price (at_budget I b) * (b' - b))) /\
  (b <= b' -> incl (cwmp reals (at_budget I b)) (cwmp reals (at_budget I b'))).

Lemma prefix_grows cost l : forall b b', b <= b' -> incl (prefix reals cost b l) (prefix reals cost b' l).
Proof.
  induction l as [|i l IH]; intros b b' H j; cbn; [auto|]. destruct Rle_dec; [|intros []].
  destruct Rle_dec; [|lra]. intros [->|L]; [now left|right]. eapply IH; [|exact L]. lra.
Qed.

Lemma prefix_is cost l : forall b, (forall i, In i l -> 0 < cost i) -> 0 <= b -> forall a s r, l = a ++ s :: r ->
  sum cost a <= b -> b < sum cost a + cost s -> prefix reals cost b l = a /\ critical reals cost b l = Some s.
Proof.
  induction l as [|i l IH]; intros b C Hb a s r E F Q; [now apply app_cons_not_nil in E|].
  destruct a as [|x a]; injection E as -> ->; cbn in F, Q |- *.
  - destruct Rle_dec; [lra|auto].
  - assert (0 <= sum cost a) by (apply sum_nonneg; intros j L; apply Rlt_le, C; right; apply in_or_app; auto).
    destruct Rle_dec; [|lra].
    destruct (IH (b - cost x)) with (a := a) (s := s) (r := r) as [-> ->]; auto; try lra. intros j L. apply C. now right.
Qed.

Lemma same_order I b b' : (forall i, In i (indices I) -> c I i <= b /\ c I i <= b') ->
  by_density reals (at_budget I b) = by_density reals (at_budget I b').
Proof.
  intros H. unfold by_density. f_equal. apply filter_ext_in. intros i L. cbn [p c B at_budget].
  destruct (H i L) as [H1 H2]. apply leb_true in H1, H2. cbn [at_budget p c B] in *.
  change (c (at_budget I b)) with (c I). change (c (at_budget I b')) with (c I). rewrite H1, H2. reflexivity.
Qed.

Lemma gain_at I cmax b b' : valid I -> (forall i, In i (indices I) -> c I i <= cmax) -> 0 <= cmax -> cmax <= b ->
  cmax <= b' -> best I b' <= best I b + price (at_budget I b) * (b' - b) /\ 0 <= price (at_budget I b).
Proof.
  intros [_ V] C H0 Hb Hb'.
  assert (V1 : valid (at_budget I b)) by (split; [cbn; lra|exact V]).
  assert (V2 : valid (at_budget I b')) by (split; [cbn; lra|exact V]).
  pose proof (price_nonneg _ V1) as P. split; [|exact P].
  assert (A : affordable (at_budget I b) (relaxed (at_budget I b'))).
  { intros i L D. specialize (C i L). cbn in D. lra. }
  pose proof (relaxed_gain (at_budget I b) _ V1 (relaxed_fractional _ V2) A) as G.
  pose proof (relaxed_fits _ V2) as F. unfold best.
  change (value (at_budget I b)) with (value I) in G. change (spend (at_budget I b)) with (spend I) in G.
  change (spend (at_budget I b')) with (spend I) in F. change (B (at_budget I b)) with b in G.
  change (B (at_budget I b')) with b' in F. nra.
Qed.

Theorem proved : claim.
Proof.
  intros I cmax V C H0 b b' Hb Hb'.
  assert (Gain := fun x y => gain_at I cmax x y V C H0).
  assert (Mono : forall x y, cmax <= x -> x <= y -> best I x <= best I y).
  { intros x y Hx L. destruct (Gain y x) as [G P]; try lra. nra. }
  split; [auto|]. split; [|split; [now apply Gain|split]].
  - intros t T. set (x := (1 - t) * b + t * b'). assert (Hx : cmax <= x) by (unfold x; nra).
    destruct (Gain x b Hx Hb) as [G1 _], (Gain x b' Hx Hb') as [G2 _].
    assert ((1 - t) * (b - x) + t * (b' - x) = 0) by (unfold x; ring). set (q := price (at_budget I x)) in *.
    assert ((1 - t) * best I b + t * best I b' <= best I x + q * ((1 - t) * (b - x) + t * (b' - x))) by nra. nra.
  - assert (V1 : valid (at_budget I b)) by (split; [cbn; lra|apply V]).
    destruct (critical_item reals (at_budget I b)) as [s|] eqn:X.
    + pose proof (critical_spec _ s V1 X) as (Ls & _ & _ & Cs & _ & Q).
      exists (sum (c I) (cwmp reals (at_budget I b)) + c I s - b). cbn in Q. split; [cbn in *; lra|]. intros H.
      assert (V2 : valid (at_budget I b')) by (split; [cbn; lra|apply V]).
      assert (O : by_density reals (at_budget I b') = by_density reals (at_budget I b)).
      { apply same_order. intros i L. specialize (C i L). lra. }
      pose proof (cwmp_fits _ V1) as F1. unfold spend in F1. rewrite cwmp_sum in F1.
      assert (Same : cwmp reals (at_budget I b') = cwmp reals (at_budget I b) /\
        critical_item reals (at_budget I b') = Some s).
      { unfold cwmp at 1, critical_item. rewrite O. unfold critical_item in X.
        destruct (prefix_spec (c (at_budget I b)) (by_density reals (at_budget I b)) (B (at_budget I b)))
          as [[Y _]|(t & r & Y & E & _)]; [congruence|]. rewrite X in Y. injection Y as <-.
        eapply prefix_is; [|cbn; lra|exact E| |].
        - intros i L. apply order_in in L as [L _]. apply (proj2 V i L).
        - cbn in F1 |- *. eapply Rle_trans; [exact F1|lra].
        - change (c (at_budget I b')) with (c I). change (B (at_budget I b')) with b'.
          change (prefix reals (c (at_budget I b)) (B (at_budget I b)) (by_density reals (at_budget I b)))
            with (cwmp reals (at_budget I b)). lra. }
      destruct Same as [S1 S2]. unfold best.
      pose proof (relaxed_value (at_budget I b)) as R1. pose proof (relaxed_value (at_budget I b')) as R2.
      rewrite gap_is_priced in R1, R2 by auto. unfold price in *. rewrite X in *. rewrite S1, S2 in *.
      change (value (at_budget I b)) with (value I) in R1. change (value (at_budget I b')) with (value I) in R2.
      change (spend (at_budget I b)) with (spend I) in R1. change (spend (at_budget I b')) with (spend I) in R2.
      change (density (at_budget I b')) with (density I) in R2. change (density (at_budget I b)) with (density I) in *.
      cbn [B at_budget] in R1, R2. rewrite R1, R2. ring.
    + exists 1. split; [lra|]. intros H. destruct (Gain b b' Hb Hb') as [G _]. pose proof (Mono b b' Hb (proj1 H)).
      unfold price in *. rewrite X in *. lra.
  - intros H. unfold cwmp. rewrite (same_order I b b'); [now apply prefix_grows|].
    intros i L. specialize (C i L). lra.
Qed.
