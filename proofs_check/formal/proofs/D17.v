(* D17. Error feedback conserves.

   sent + new residual = update + old residual, coordinate by coordinate and bit for bit, where the selector keeps
   values unchanged.

   Assumes: the sum update + residual is formed once, in floating point, and split by the mask. *)
From Coq Require Import ZArith Lia.
From Coq Require Import Floats.SpecFloat.
Open Scope Z_scope.

(* IEEE 754 binary64 as Coq's standard library specifies it; Zero false is +0. *)
Definition add64 : spec_float -> spec_float -> spec_float := SFadd 53 1024.
Definition zero64 : spec_float := S754_zero false.
(* Such a number m 2^e has e >= -1074. *)
Definition is64 (x : spec_float) := match x with S754_finite _ _ e => -1074 <= e | _ => True end.

(* The sum is formed once and split by the mask, coordinate by coordinate. *)
Section ErrorFeedback.
Variables (update residual : nat -> spec_float) (mask : nat -> bool).
Definition summed (i : nat) : spec_float := add64 (update i) (residual i).
Definition sent (i : nat) : spec_float := if mask i then summed i else zero64.
Definition new_residual (i : nat) : spec_float := if mask i then zero64 else summed i.
End ErrorFeedback.

(* The residual after t rounds, of +0 at first. *)
Fixpoint residual (update : nat -> nat -> spec_float) (mask : nat -> nat -> bool) (t i : nat) : spec_float :=
  match t with
  | O => zero64
  | S r => new_residual (update r) (residual update mask r) (mask r) i
  end.

(* The same bits, in every round, NaN and infinities included; and of any residual, but for a sum of two -0, for which
   +0 comes back. *)
Definition claim : Prop :=
  (forall update mask, (forall t i, is64 (update t i)) -> forall t i,
     let s := sent (update t) (residual update mask t) (mask t) i in
     add64 s (residual update mask (S t) i) = summed (update t) (residual update mask t) i /\
     (s = zero64 \/ residual update mask (S t) i = zero64)) /\
  (forall update old mask i, let total := summed update old i in
     add64 (sent update old mask i) (new_residual update old mask i) = match total with S754_zero _ => zero64 | _ => total end).

(* --- a sum is -0 only where both terms are --- *)

Lemma digits_least m : 2 ^ (Zpos (digits2_pos m) - 1) <= Zpos m.
Proof.
  induction m as [m IH|m IH|]; cbn [digits2_pos]; [| |cbn; lia];
    rewrite Pos2Z.inj_succ; replace (Z.succ (Zpos (digits2_pos m)) - 1) with (Z.succ (Zpos (digits2_pos m) - 1)) by lia;
    rewrite Z.pow_succ_r by lia; lia.
Qed.

Lemma halved r : 0 <= shr_m r -> shr_m (shr_1 r) = shr_m r / 2.
Proof.
  destruct r as [m a b]. cbn. intros H. rewrite <- Z.div2_div. destruct m as [|[m|m|]|m]; cbn; lia.
Qed.

Lemma iterated p : forall r, 0 <= shr_m r -> shr_m (iter_pos shr_1 p r) = shr_m r / 2 ^ Zpos p.
Proof.
  induction p as [p IH|p IH|]; intros r H; cbn [iter_pos].
  - assert (H1 : 0 <= shr_m (shr_1 r)) by (rewrite halved by auto; apply Z.div_pos; lia).
    assert (H2 : 0 <= shr_m (iter_pos shr_1 p (shr_1 r))) by (rewrite IH by auto; apply Z.div_pos; lia).
    rewrite IH, IH, halved by auto. rewrite !Z.div_div by lia. f_equal.
    replace (Zpos p~1) with (1 + Zpos p + Zpos p) by lia. rewrite !Z.pow_add_r by lia. lia.
  - assert (H2 : 0 <= shr_m (iter_pos shr_1 p r)) by (rewrite IH by auto; apply Z.div_pos; lia).
    rewrite IH, IH by auto. rewrite Z.div_div by lia. f_equal.
    replace (Zpos p~0) with (Zpos p + Zpos p) by lia. now rewrite Z.pow_add_r by lia.
  - now apply halved.
Qed.

Definition least : Z := -1074.
Lemma fexp_is e : fexp 53 1024 e = Z.max (e - 53) least.
Proof. unfold fexp, emin. f_equal. Qed.

(* Shifting to 53 bits leaves something, and no exponent below the least. *)
Lemma shifted m e l : 1 <= m -> least <= e -> let '(r, e') := shr_fexp 53 1024 m e l in 1 <= shr_m r /\ least <= e'.
Proof.
  intros M E. unfold shr_fexp. rewrite fexp_is. destruct m as [|m|m]; try lia.
  assert (R : shr_m (shr_record_of_loc (Zpos m) l) = Zpos m) by (destruct l as [|[| |]]; reflexivity).
  cbn [Zdigits2]. unfold shr.
  destruct (Z.max (Zpos (digits2_pos m) + e - 53) least - e) as [|q|q] eqn:Q; try (rewrite R; lia).
  assert (D : Zpos q = Zpos (digits2_pos m) - 53) by lia. rewrite iterated, R by (rewrite R; lia). split; [|lia].
  apply Z.div_le_lower_bound; [lia|]. rewrite Z.mul_1_r. eapply Z.le_trans; [|apply digits_least].
  apply Z.pow_le_mono_r; lia.
Qed.

Lemma rounded s m e l : 1 <= m -> least <= e ->
  let z := binary_round_aux 53 1024 s m e l in z <> S754_zero true /\ z <> S754_zero false /\ is64 z.
Proof.
  intros M E. cbn zeta. unfold binary_round_aux. pose proof (shifted m e l M E) as S1. destruct shr_fexp as [r e1].
  destruct S1 as [S1 S2]. set (m1 := round_nearest_even _ _).
  assert (M1 : 1 <= m1) by (unfold m1, round_nearest_even; destruct loc_of_shr_record as [|[| |]]; try destruct (Z.even _); lia).
  pose proof (shifted m1 e1 loc_Exact M1 S2) as S3. destruct shr_fexp as [r2 e2]. destruct S3 as [S3 S4].
  destruct (shr_m r2) as [|q|q]; try lia. destruct Zle_bool; repeat split; try discriminate; auto.
Qed.

Lemma sum_round s m e : least <= e -> let z := binary_round 53 1024 s m e in z <> S754_zero true /\ z <> S754_zero false /\ is64 z.
Proof.
  intros E. cbn zeta. unfold binary_round, shl_align. rewrite fexp_is.
  destruct (Z.max _ least - e) as [|q|q] eqn:Q; apply rounded; try lia.
Qed.

Lemma no_negative_zero x y : is64 x -> is64 y -> y <> S754_zero true -> add64 x y <> S754_zero true /\ is64 (add64 x y).
Proof.
  intros X Y N. unfold add64, SFadd.
  destruct x as [sx|sx| |sx mx ex], y as [sy|sy| |sy my ey]; cbn [Bool.eqb]; try (split; [discriminate|exact I]);
    try (destruct sx, sy; cbn; split; try discriminate; try exact I; congruence); try (split; [discriminate|assumption]).
  cbn in X, Y. unfold binary_normalize. set (m := Z.add _ _).
  assert (E : least <= Z.min ex ey) by (unfold least; lia).
  destruct m as [|m|m]; [split; [discriminate|exact I]| |]; pose proof (sum_round false m (Z.min ex ey) E) as (P & _ & Q);
    pose proof (sum_round true m (Z.min ex ey) E) as (P' & _ & Q'); split; assumption.
Qed.

Lemma residual_fine update mask : (forall t i, is64 (update t i)) -> forall t i,
  residual update mask t i <> S754_zero true /\ is64 (residual update mask t i).
Proof.
  intros U t. induction t as [|t IH]; intros i; cbn [residual]; [split; [discriminate|exact I]|].
  unfold new_residual. destruct (mask t i); [split; [discriminate|exact I]|].
  destruct (IH i). apply no_negative_zero; auto.
Qed.

Lemma split_again update old mask i : let total := summed update old i in
  add64 (sent update old mask i) (new_residual update old mask i) = match total with S754_zero _ => zero64 | _ => total end.
Proof.
  intros total. unfold sent, new_residual, zero64. fold total.
  destruct (mask i); destruct total as [s|s| |s man e]; try destruct s; reflexivity.
Qed.

Theorem proved : claim.
Proof.
  split; [|intros; apply split_again]. intros update mask U t i s. split.
  - unfold s. cbn [residual]. rewrite split_again. destruct (residual_fine update mask U t i) as [R1 R2].
    destruct (no_negative_zero (update t i) (residual update mask t i) (U t i) R2 R1) as [Z _]. unfold summed.
    destruct (add64 (update t i) (residual update mask t i)) as [[|]| | |]; auto. now destruct Z.
  - unfold s, sent. cbn [residual]. unfold new_residual. destruct (mask t i); auto.
Qed.
