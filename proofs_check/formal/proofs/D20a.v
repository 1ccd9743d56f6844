(* D20a. Equal sparsity is a trade.

   S the k best by |g|^a/c and T the k best by |g|^b/c, a < b, or by |g| (b infinite): c(S) <= c(T) and p(S) <=
   p(T), whatever ties do. At equal sparsity a rule that weighs costs more spends no more and retains no more.

   Assumes: 0 < a < b; at least k non-zero entries. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Counting.
Import ListNotations.
Open Scope R_scope.

(* S is a set of k best by w/c and T one of k best by w, however ties are broken; p is any score that rises with w. *)
Definition k_best (n k : nat) (key : nat -> R) (l : list nat) := NoDup l /\ incl l (seq 0 n) /\ length l = k /\
  forall i j, In i l -> In j (seq 0 n) -> ~ In j l -> key j <= key i.

Definition claim : Prop := forall n k w c S T, (forall i, In i (seq 0 n) -> 0 < w i /\ 0 < c i) ->
  k_best n k (fun i => w i / c i) S -> k_best n k w T ->
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

Theorem proved : claim.
Proof.
  intros n k w c S T Pos (Ns & Cs & Ls & Hs) (Nt & Ct & Lt & Ht). split.
  - apply (exchange c S T (seq 0 n)); auto using seq_NoDup; try congruence. intros i j Si Ti Tj Sj.
    destruct (Pos i (Cs i Si)) as [Wi Ci], (Pos j (Ct j Tj)) as [Wj Cj].
    pose proof (Ht j i Tj (Cs i Si) Ti). specialize (Hs i j Si (Ct j Tj) Sj). cbn in Hs.
    assert (w j * c i <= w i * c j).
    { apply Rmult_le_reg_r with (/ c i * / c j); [apply Rmult_lt_0_compat; now apply Rinv_0_lt_compat|].
      replace (w j * c i * (/ c i * / c j)) with (w j / c j) by (field; lra).
      replace (w i * c j * (/ c i * / c j)) with (w i / c i) by (field; lra). exact Hs. }
    nra.
  - intros p P. apply (exchange p S T (seq 0 n)); auto using seq_NoDup. congruence.
Qed.
