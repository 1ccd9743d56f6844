(* D20a. Equal sparsity is a trade.

   S the k best by |g|^a/c and T the k best by |g|^b/c, a < b, or by |g| (b infinite): c(S) <= c(T) and p(S) <=
   p(T), whatever ties do. At equal sparsity a rule that weighs costs more spends no more and retains no more.

   Assumes: 0 < a < b; at least k non-zero entries. *)
From Coq Require Import Reals Lra Psatz List Lia.
From CWMP Require Import Counting.
Import ListNotations.
Open Scope R_scope.

(* A set of k best by a key, however ties are broken. *)
Definition k_best (n k : nat) (key : nat -> R) (l : list nat) := NoDup l /\ incl l (seq 0 n) /\ length l = k /\
  forall i j, In i l -> In j (seq 0 n) -> ~ In j l -> key j <= key i.

(* y = x^a, of x >= 0 *)
Definition is_power (a x y : R) := (x = 0 /\ y = 0) \/ exists t, x = exp t /\ y = exp (a * t).

(* w is |g|, u is |g|^a and v is |g|^b; p is any score that rises with |g|. *)
Definition claim : Prop := forall n k w c a u S T, (forall i, In i (seq 0 n) -> 0 < c i /\ is_power a (w i) (u i)) -> 0 < a ->
  (exists l, NoDup l /\ incl l (seq 0 n) /\ length l = k /\ forall i, In i l -> w i <> 0) ->
  k_best n k (fun i => u i / c i) S ->
  ((exists b v, a < b /\ (forall i, In i (seq 0 n) -> is_power b (w i) (v i)) /\ k_best n k (fun i => v i / c i) T) \/
   k_best n k w T) ->
  sum c S <= sum c T /\
  forall p, (forall i j, w i <= w j -> p i <= p j) -> sum p S <= sum p T.

Lemma between (f : nat -> R) a b : (forall i j, In i a -> In j b -> f i <= f j) ->
  exists t, (forall i, In i a -> f i <= t) /\ forall j, In j b -> t <= f j.
Proof.
  induction a as [|x a IH]; intros H.
  - induction b as [|y b IHb]; [exists 0; split; intros ? []|]. destruct IHb as (t & _ & T); [intros ? ? []|].
    exists (Rmin t (f y)). split; [intros ? []|]. intros j [<-|L]; [apply Rmin_r|].
    eapply Rle_trans; [apply Rmin_l|auto].
  - destruct IH as (t & T1 & T2); [intros; apply H; [now right|auto]|]. exists (Rmax t (f x)). split.
    + intros i [<-|L]; [apply Rmax_r|]. eapply Rle_trans; [|apply Rmax_l]. auto.
    + intros j L. apply Rmax_lub; [auto|]. apply H; [now left|auto].
Qed.

(* Two sets of the same size, of which the first has the smaller f wherever they differ. *)
Lemma exchange f a b all : NoDup all -> NoDup a -> NoDup b -> incl a all -> incl b all -> length a = length b ->
  (forall i j, In i a -> ~ In i b -> In j b -> ~ In j a -> f i <= f j) -> sum f a <= sum f b.
Proof.
  intros N Na Nb Ca Cb E H.
  destruct (between f (filter (fun i => if in_dec Nat.eq_dec i b then false else true) a)
                      (filter (fun j => if in_dec Nat.eq_dec j a then false else true) b)) as (t & T1 & T2).
  { intros i j Li Lj. apply filter_In in Li as [Li Ni], Lj as [Lj Nj]. destruct in_dec; [discriminate|].
    destruct (in_dec Nat.eq_dec j a); [discriminate|]. auto. }
  assert (D : sum f a - sum f b <= t * (sum (fun _ => 1) a - sum (fun _ => 1) b)).
  { rewrite <- (sum_kept f a all), <- (sum_kept f b all), <- (sum_kept (fun _ => 1) a all), <- (sum_kept (fun _ => 1) b all) by auto.
    rewrite <- !sum_minus, <- sum_scale. apply sum_le. intros i L.
    specialize (T1 i). specialize (T2 i). rewrite filter_In in T1, T2. unfold kept.
    destruct (in_dec Nat.eq_dec i a), (in_dec Nat.eq_dec i b); try lra.
    - specialize (T1 (conj i0 eq_refl)). lra.
    - specialize (T2 (conj i0 eq_refl)). lra. }
  rewrite !sum_const, E in D. lra.
Qed.

(* Where there are k items of positive key, the k best are such. *)
Lemma best_positive n k key w l : (forall i, In i (seq 0 n) -> 0 <= w i /\ (0 < w i -> 0 < key i) /\ (w i = 0 -> key i = 0)) ->
  (exists l, NoDup l /\ incl l (seq 0 n) /\ length l = k /\ forall i, In i l -> 0 < w i) ->
  k_best n k key l -> forall i, In i l -> 0 < w i.
Proof.
  intros W (q & Nq & Cq & Lq & P) (N & C & L & H) i Li. destruct (W i (C i Li)) as (W0 & _ & W2).
  destruct (Rlt_dec 0 (w i)) as [|Z]; [auto|exfalso]. assert (Z' : w i = 0) by lra. specialize (W2 Z').
  destruct (forallb (fun j => if in_dec Nat.eq_dec j l then true else false) q) eqn:E.
  - rewrite forallb_forall in E. assert (I1 : incl q l).
    { intros j J. specialize (E j J). destruct (in_dec Nat.eq_dec j l); [auto|discriminate]. }
    assert (I2 : incl l q) by (apply NoDup_length_incl; auto; lia). specialize (P i (I2 i Li)). lra.
  - assert (X : exists j, In j q /\ ~ In j l).
    { clear -E. induction q as [|j q IH]; [discriminate|]. cbn in E. destruct (in_dec Nat.eq_dec j l) as [Y|Y].
      - destruct IH as (x & X1 & X2); [exact E|]. exists x. split; [now right|auto].
      - exists j. split; [now left|auto]. }
    destruct X as (j & J1 & J2). specialize (H i j Li (Cq j J1) J2). destruct (W j (Cq j J1)) as (_ & W1 & _).
    specialize (W1 (P j J1)). lra.
Qed.

Lemma exp_above_one h : 0 < h -> 1 < exp h.
Proof.
  intros H. unfold exp. destruct (exist_exp h) as [l L]. cbn. unfold exp_in, infinite_sum in L.
  assert (G := sum_incr (fun i => / INR (fact i) * h ^ i) 1 l L). assert (X : 1 + h <= l); [|lra].
  replace (1 + h) with (sum_f_R0 (fun i => / INR (fact i) * h ^ i) 1) by (cbn; field). apply G.
  intros n. apply Rmult_le_pos; [left; apply Rinv_0_lt_compat, INR_fact_lt_0|apply pow_le; lra].
Qed.

Lemma exp_less x y : x < y -> exp x < exp y.
Proof.
  intros H. replace y with (y - x + x) by ring. rewrite exp_plus. pose proof (exp_above_one (y - x)).
  pose proof (exp_pos x). nra.
Qed.

Lemma exp_at_most x y : exp x <= exp y <-> x <= y.
Proof.
  split; intros H.
  - destruct (Rle_dec x y) as [|N]; [auto|]. apply Rnot_le_lt, exp_less in N. lra.
  - destruct H as [H|<-]; [left; now apply exp_less|lra].
Qed.

Lemma power_key a x y c : 0 < c -> is_power a x y -> 0 <= x /\ (0 < x -> 0 < y / c) /\ (x = 0 -> y / c = 0).
Proof.
  intros C [[-> ->]|(t & -> & ->)].
  - split; [lra|]. split; intros; [lra|unfold Rdiv; ring].
  - pose proof (exp_pos t). split; [lra|]. split; intros; [|lra]. apply Rdiv_lt_0_compat; [apply exp_pos|exact C].
Qed.

Lemma power_log a x y : 0 < x -> is_power a x y -> exists t, x = exp t /\ y = exp (a * t).
Proof. intros X [[E _]|H]; [lra|exact H]. Qed.

Lemma exp_one_to_one x y : exp x = exp y -> x = y.
Proof. intros E. apply Rle_antisym; apply exp_at_most; lra. Qed.

Lemma crossed x c y e : 0 < c -> 0 < e -> x / c <= y / e -> x * e <= y * c.
Proof.
  intros C E H. apply (Rmult_le_compat_r (c * e)) in H; [|nra].
  replace (x / c * (c * e)) with (x * e) in H by (field; lra). replace (y / e * (c * e)) with (y * c) in H by (field; lra).
  exact H.
Qed.

Theorem proved : claim.
Proof.
  intros n k w c a u S T Pos A Some Best Best'.
  assert (W0 : forall i, In i (seq 0 n) -> 0 <= w i).
  { intros i L. destruct (Pos i L) as [C P]. now apply (power_key a _ (u i) (c i)). }
  assert (Some' : exists l, NoDup l /\ incl l (seq 0 n) /\ length l = k /\ forall i, In i l -> 0 < w i).
  { destruct Some as (l & N & C & K & P). exists l. repeat split; auto. intros i L. specialize (P i L).
    pose proof (W0 i (C i L)). lra. }
  assert (Ps : forall i, In i S -> 0 < w i).
  { apply (best_positive n k (fun i => u i / c i)); auto. intros i L. destruct (Pos i L). now apply (power_key a). }
  assert (Pt : forall i, In i T -> 0 < w i).
  { destruct Best' as [(b & v & _ & Pb & Q)|Q].
    - apply (best_positive n k (fun i => v i / c i)); auto. intros i L. destruct (Pos i L). apply (power_key b); auto.
    - apply (best_positive n k w); auto. }
  destruct Best as (Ns & Cs & Ls & Hs).
  assert (Nt : NoDup T /\ incl T (seq 0 n) /\ length T = k) by (destruct Best' as [(b & v & _ & _ & Q)|Q]; split; try split; apply Q).
  destruct Nt as (Nt & Ct & Lt).
  assert (Pair : forall i j, In i S -> ~ In i T -> In j T -> ~ In j S -> w i <= w j /\ c i <= c j).
  { intros i j Si Ti Tj Sj. destruct (Pos i (Cs i Si)) as [Ci Ui], (Pos j (Ct j Tj)) as [Cj Uj].
    destruct (power_log a _ _ (Ps i Si) Ui) as (x & Wx & Ux), (power_log a _ _ (Pt j Tj) Uj) as (y & Wy & Uy).
    pose proof (Hs i j Si (Ct j Tj) Sj) as H1. cbn in H1. apply crossed in H1; auto. rewrite Ux, Uy in H1.
    assert (L : x <= y).
    { destruct Best' as [(b & v & Ab & Pb & (_ & _ & _ & Ht))|(_ & _ & _ & Ht)].
      - pose proof (Ht j i Tj (Cs i Si) Ti) as H2. cbn in H2. apply crossed in H2; auto.
        destruct (power_log b _ _ (Ps i Si) (Pb i (Cs i Si))) as (x' & Wx' & Vx), (power_log b _ _ (Pt j Tj) (Pb j (Ct j Tj))) as (y' & Wy' & Vy).
        assert (x' = x) by (apply exp_one_to_one; congruence). assert (y' = y) by (apply exp_one_to_one; congruence). subst x' y'.
        rewrite Vx, Vy in H2.
        assert (G : exp (a * y) * exp (b * x) <= exp (a * x) * exp (b * y)).
        { apply Rmult_le_reg_r with (c i * c j); [nra|]. pose proof (exp_pos (a * y)). pose proof (exp_pos (b * x)).
          pose proof (exp_pos (a * x)). pose proof (exp_pos (b * y)).
          apply Rle_trans with (exp (a * y) * c i * (exp (b * x) * c j)); [right; ring|].
          apply Rle_trans with (exp (a * x) * c j * (exp (b * y) * c i)); [|right; ring].
          apply Rmult_le_compat; auto; apply Rmult_le_pos; lra. }
        rewrite <- !exp_plus in G. apply (proj1 (exp_at_most _ _)) in G. destruct (Rle_dec x y) as [|N]; [auto|].
        apply Rnot_le_lt in N. assert (0 < (b - a) * (x - y)) by (apply Rmult_lt_0_compat; lra). nra.
      - apply exp_at_most. rewrite <- Wx, <- Wy. exact (Ht j i Tj (Cs i Si) Ti). }
    split; [rewrite Wx, Wy; now apply exp_at_most|].
    assert (U : exp (a * x) <= exp (a * y)) by (apply exp_at_most; nra). pose proof (exp_pos (a * y)).
    apply Rmult_le_reg_l with (exp (a * y)); [auto|]. nra. }
  split.
  - apply (exchange c S T (seq 0 n)); auto using seq_NoDup; try congruence. intros i j Si Ti Tj Sj. now apply Pair.
  - intros p P. apply (exchange p S T (seq 0 n)); auto using seq_NoDup; try congruence. intros i j Si Ti Tj Sj.
    apply P. now apply Pair.
Qed.
