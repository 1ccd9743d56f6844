(* Sums over lists of indices, and candidate solutions z: what they retain and what they spend. *)
From Coq Require Import Reals Lra Psatz List Bool Arith Permutation.
From CWMP Require Export Arithmetic Selectors.
Import ListNotations.
Open Scope R_scope.

Notation sum := (total reals).

(* z i is the share of item i that is kept: in [0,1], or 0 or 1 for a mask. *)
Definition fractional (I : instance R) (z : nat -> R) := forall i, In i (indices I) -> 0 <= z i <= 1.
Definition mask (I : instance R) (z : nat -> R) := forall i, In i (indices I) -> z i = 0 \/ z i = 1.
Definition value (I : instance R) (z : nat -> R) : R := sum (fun i => z i * p I i) (indices I).
Definition spend (I : instance R) (z : nat -> R) : R := sum (fun i => z i * c I i) (indices I).
Definition count (I : instance R) (z : nat -> R) : R := sum z (indices I).

(* The mask of a list of indices. *)
Definition kept (l : list nat) (i : nat) : R := if in_dec Nat.eq_dec i l then 1 else 0.

Definition valid (I : instance R) := 0 <= B I /\ forall i, In i (indices I) -> 0 <= p I i /\ 0 < c I i.

Lemma sum_ext f g l : (forall i, In i l -> f i = g i) -> sum f l = sum g l.
Proof. induction l; intros H; cbn; [reflexivity|]. rewrite IHl, H; firstorder. Qed.

Lemma sum_le f g l : (forall i, In i l -> f i <= g i) -> sum f l <= sum g l.
Proof.
  induction l as [|a l IH]; intros H; cbn; [lra|].
  pose proof (H a (or_introl eq_refl)). pose proof (IH (fun i L => H i (or_intror L))). cbn in *. lra.
Qed.

Lemma sum_lt f g l i : (forall i, In i l -> f i <= g i) -> In i l -> f i < g i -> sum f l < sum g l.
Proof.
  induction l as [|a l IH]; intros H L S; cbn; [destruct L|].
  pose proof (H a (or_introl eq_refl)). destruct L as [->|L].
  - pose proof (sum_le f g l (fun j J => H j (or_intror J))). lra.
  - pose proof (IH (fun j J => H j (or_intror J)) L S). cbn in *. lra.
Qed.

Lemma sum_zero l : sum (fun _ => 0) l = 0.
Proof. induction l; cbn in *; lra. Qed.
Lemma sum_plus f g l : sum (fun i => f i + g i) l = sum f l + sum g l.
Proof. induction l; cbn in *; lra. Qed.
Lemma sum_minus f g l : sum (fun i => f i - g i) l = sum f l - sum g l.
Proof. induction l; cbn in *; lra. Qed.
Lemma sum_scale a f l : sum (fun i => a * f i) l = a * sum f l.
Proof. induction l; cbn in *; [lra|]. rewrite IHl. lra. Qed.
Lemma sum_app f a b : sum f (a ++ b) = sum f a + sum f b.
Proof. induction a; cbn in *; lra. Qed.
Lemma sum_nonneg f l : (forall i, In i l -> 0 <= f i) -> 0 <= sum f l.
Proof. intros H. rewrite <- (sum_zero l). apply sum_le, H. Qed.
Lemma sum_map f g l : sum f (map g l) = sum (fun i => f (g i)) l.
Proof. induction l; cbn in *; lra. Qed.
Lemma sum_const a l : sum (fun _ => a) l = a * INR (length l).
Proof. induction l; [cbn; lra|]. cbn [length]. rewrite S_INR. cbn in *. lra. Qed.
Lemma sum_perm f a b : Permutation a b -> sum f a = sum f b.
Proof. induction 1; cbn in *; lra. Qed.
Lemma sum_one f l i : (forall i, In i l -> 0 <= f i) -> In i l -> f i <= sum f l.
Proof.
  induction l as [|a l IH]; intros H L; [destruct L|]. cbn.
  pose proof (H a (or_introl eq_refl)). pose proof (sum_nonneg f l (fun j J => H j (or_intror J))).
  destruct L as [->|L]; [lra|]. pose proof (IH (fun j J => H j (or_intror J)) L). cbn in *. lra.
Qed.
Lemma sum_swap f a b : sum (fun i => sum (fun j => f i j) b) a = sum (fun j => sum (fun i => f i j) a) b.
Proof.
  induction a; cbn; [induction b; cbn in *; lra|]. rewrite IHa, <- sum_plus. reflexivity.
Qed.

Lemma kept_in l i : In i l -> kept l i = 1.
Proof. unfold kept. destruct in_dec; tauto. Qed.
Lemma kept_out l i : ~ In i l -> kept l i = 0.
Proof. unfold kept. destruct in_dec; tauto. Qed.
Lemma kept_01 l i : kept l i = 0 \/ kept l i = 1.
Proof. unfold kept. destruct in_dec; auto. Qed.
Lemma kept_mask I l : mask I (kept l).
Proof. intros i _. apply kept_01. Qed.
Lemma kept_fractional I l : fractional I (kept l).
Proof. intros i _. destruct (kept_01 l i); lra. Qed.
Lemma mask_fractional I z : mask I z -> fractional I z.
Proof. intros M i L. destruct (M i L); lra. Qed.

(* Over all indices, the mask of a list weighs what the list does. *)
Lemma sum_kept f l all : NoDup l -> incl l all -> NoDup all -> sum (fun i => kept l i * f i) all = sum f l.
Proof.
  revert all. induction l as [|a l IH]; intros all N C A.
  - rewrite (sum_ext _ (fun _ => 0)); [apply sum_zero|]. intros. rewrite kept_out by auto. lra.
  - apply NoDup_cons_iff in N as [F N].
    destruct (in_split a all) as (x & y & ->); [apply C; now left|].
    apply NoDup_remove in A as [A G].
    rewrite <- (sum_perm _ _ _ (Permutation_middle x y a)). cbn.
    rewrite (kept_in (a :: l) a) by now left.
    assert (C' : incl l (x ++ y)).
    { intros b L. specialize (C b (or_intror L)). rewrite in_app_iff in *. cbn in C.
      intuition subst; try tauto. }
    specialize (IH (x ++ y) N C' A). rewrite <- IH.
    rewrite (sum_ext (fun i => kept (a :: l) i * f i) (fun i => kept l i * f i)); [lra|].
    intros i L. unfold kept. destruct (in_dec _ i (a :: l)) as [[->|K]|K], (in_dec _ i l); try lra; cbn in *; tauto.
Qed.

(* The counting lemma behind everything. If S holds the items of f >= t g and z lies in [0,1], then z gains over S
   at most t times what it adds in g. With g = c and t = p_s/c_s this is weak duality at the critical item's price. *)
Lemma separation (f g : nat -> R) (t : R) (S : list nat) (z : nat -> R) (l : list nat) :
  (forall i, In i l -> 0 <= z i <= 1) ->
  (forall i, In i l -> In i S -> t * g i <= f i) ->
  (forall i, In i l -> ~ In i S -> f i <= t * g i \/ z i = 0) ->
  sum (fun i => z i * f i) l - sum (fun i => kept S i * f i) l <=
  t * (sum (fun i => z i * g i) l - sum (fun i => kept S i * g i) l).
Proof.
  intros Z L U. rewrite <- !sum_minus, <- sum_scale. apply sum_le. intros i K.
  specialize (Z i K). specialize (L i K). specialize (U i K).
  unfold kept. destruct in_dec as [Y|N].
  - specialize (L Y). nra.
  - destruct (U N) as [F|F]; [nra|rewrite F; lra].
Qed.
