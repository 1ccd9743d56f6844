(* The price of the critical item, and what it says of every candidate: the lemmas that the claims are made of. *)
From Coq Require Import Reals Lra Psatz List Bool Arith Permutation Sorted.
From CWMP Require Export Sums.
Import ListNotations.
Open Scope R_scope.

Definition density (I : instance R) (i : nat) : R := p I i / c I i.

(* lambda = p_s/c_s, 0 where everything fits; phi = (B - c(prefix))/c_s; phi p_s. *)
Definition price (I : instance R) : R :=
  match critical_item reals I with Some s => density I s | None => 0 end.
Definition share (I : instance R) : R :=
  match critical_item reals I with Some s => (B I - sum (c I) (cwmp reals I)) / c I s | None => 0 end.
Definition critical_score (I : instance R) : R :=
  match critical_item reals I with Some s => p I s | None => 0 end.

(* The prefix with the fraction phi of the critical item. *)
Definition relaxed (I : instance R) (i : nat) : R :=
  kept (cwmp reals I) i +
  match critical_item reals I with Some s => share I * kept [s] i | None => 0 end.

(* Items dearer than the budget are left out of the relaxation. *)
Definition affordable (I : instance R) (z : nat -> R) := forall i, In i (indices I) -> B I < c I i -> z i = 0.

Lemma leb_true x y : leb reals x y = true <-> x <= y.
Proof. cbn. destruct Rle_dec; split; intros; try lra; discriminate. Qed.
Lemma leb_false x y : leb reals x y = false <-> y < x.
Proof. cbn. destruct Rle_dec; split; intros; try lra; discriminate. Qed.

Lemma eligible_spec I i :
  In i (eligible reals I) <-> In i (indices I) /\ 0 < p I i /\ c I i <= B I.
Proof.
  unfold eligible. rewrite filter_In, andb_true_iff, negb_true_iff, leb_true, leb_false. reflexivity.
Qed.

(* --- the sort --- *)

Lemma insert_perm first i l : Permutation (insert first i l) (i :: l).
Proof.
  induction l as [|j l IH]; cbn; [auto|]. destruct first; [auto|].
  rewrite IH. apply perm_swap.
Qed.
Lemma sort_perm first l : Permutation (sort first l) l.
Proof. induction l; cbn; [auto|]. rewrite insert_perm. auto. Qed.
Lemma sort_in first l i : In i (sort first l) <-> In i l.
Proof. split; apply Permutation_in; [|symmetry]; apply sort_perm. Qed.

Definition descending (key : nat -> R) := StronglySorted (fun i j => key j <= key i).

Lemma insert_sorted first key i l :
  (forall j, In j l -> (first i j = true <-> key j <= key i)) ->
  descending key l -> descending key (insert first i l).
Proof.
  intros K S. induction S as [|j l S IH F]; cbn; [repeat constructor|].
  destruct first eqn:E.
  - apply K in E; [|now left]. constructor; [now constructor|]. constructor; [auto|].
    eapply Forall_impl; [|exact F]. cbn. intros; lra.
  - constructor; [apply IH; intros; apply K; now right|].
    apply Forall_forall. intros k L. apply (Permutation_in _ (insert_perm _ _ _)) in L.
    destruct L as [->|L]; [|rewrite Forall_forall in F; auto].
    assert (~ key j <= key k) by (intros ?; rewrite (proj2 (K j (or_introl eq_refl))) in E; auto; discriminate). lra.
Qed.

Lemma sort_sorted first key l :
  (forall i j, In i l -> In j l -> (first i j = true <-> key j <= key i)) -> descending key (sort first l).
Proof.
  induction l as [|i l IH]; intros K; cbn; [constructor|]. apply insert_sorted.
  - intros j L. apply sort_in in L. apply K; [now left|now right].
  - apply IH. intros; apply K; now right.
Qed.

Lemma sorted_split key a b : descending key (a ++ b) ->
  descending key b /\ forall i j, In i a -> In j b -> key j <= key i.
Proof.
  induction a as [|x a IH]; cbn; intros S; [split; [auto|intros ? ? []]|].
  apply StronglySorted_inv in S as [S F]. destruct (IH S) as [Sb H]. split; [auto|].
  intros i j [->|L] Lj; [|auto]. rewrite Forall_forall in F. apply F, in_or_app. auto.
Qed.

(* --- the prefix --- *)

Lemma prefix_spec cost l : forall room,
  (critical reals cost room l = None /\ l = prefix reals cost room l) \/
  (exists s r, critical reals cost room l = Some s /\ l = prefix reals cost room l ++ s :: r /\
     room < sum cost (prefix reals cost room l) + cost s).
Proof.
  induction l as [|i l IH]; intros room; [left; auto|]. cbn.
  destruct Rle_dec as [F|F].
  - destruct (IH (room - cost i)) as [[E H]|(s & r & E & H & L)].
    + left. rewrite <- H. auto.
    + right. exists s, r. cbn. rewrite <- H. repeat split; auto. cbn in L. lra.
  - right. exists i, l. cbn. repeat split. lra.
Qed.

Lemma prefix_fits cost l : forall room, 0 <= room -> sum cost (prefix reals cost room l) <= room.
Proof.
  induction l as [|i l IH]; intros room H; cbn; [lra|]. destruct Rle_dec; cbn; [|lra].
  specialize (IH (room - cost i)). cbn in IH. lra.
Qed.

Lemma prefix_incl cost l room : incl (prefix reals cost room l) l.
Proof.
  revert room. induction l as [|i l IH]; intros room; cbn; [intros ? []|].
  destruct Rle_dec; cbn; [|intros ? []]. intros j [->|L]; [now left|right]. eapply IH, L.
Qed.

Lemma order_in first (I : instance R) i : In i (sort first (eligible reals I)) -> In i (indices I) /\ 0 < p I i /\ c I i <= B I.
Proof. rewrite sort_in, eligible_spec. auto. Qed.

Lemma order_nodup first (I : instance R) : NoDup (sort first (eligible reals I)).
Proof.
  apply (Permutation_NoDup (l := eligible reals I)); [symmetry; apply sort_perm|].
  apply NoDup_filter, seq_NoDup.
Qed.

Lemma prefix_nodup cost l room : NoDup l -> NoDup (prefix reals cost room l).
Proof.
  revert room. induction l as [|i l IH]; intros room N; cbn; [constructor|]. apply NoDup_cons_iff in N as [F N].
  destruct Rle_dec; constructor; auto. intros L. apply F. eapply prefix_incl, L.
Qed.

(* --- sums over what a selector keeps --- *)

Lemma kept_sum (I : instance R) l f : NoDup l -> incl l (indices I) -> sum (fun i => kept l i * f i) (indices I) = sum f l.
Proof. intros N C. apply sum_kept; auto. apply seq_NoDup. Qed.

Lemma prefix_of_order cost first (I : instance R) room :
  NoDup (prefix reals cost room (sort first (eligible reals I))) /\
  incl (prefix reals cost room (sort first (eligible reals I))) (indices I).
Proof.
  split; [apply prefix_nodup, order_nodup|]. intros i L. apply prefix_incl, order_in in L. tauto.
Qed.

Lemma cwmp_sum I f : sum (fun i => kept (cwmp reals I) i * f i) (indices I) = sum f (cwmp reals I).
Proof. apply kept_sum; apply prefix_of_order. Qed.

Lemma cwmp_fits I : valid I -> spend I (kept (cwmp reals I)) <= B I.
Proof. intros [H _]. unfold spend. rewrite cwmp_sum. apply prefix_fits, H. Qed.

Lemma density_le I i j : 0 < c I i -> 0 < c I j ->
  p I j * c I i <= p I i * c I j <-> density I j <= density I i.
Proof.
  intros Ci Cj. unfold density, Rdiv. split; intros H.
  - apply Rmult_le_reg_r with (c I i * c I j); [nra|].
    replace (p I j * / c I j * (c I i * c I j)) with (p I j * c I i) by (field; lra).
    replace (p I i * / c I i * (c I i * c I j)) with (p I i * c I j) by (field; lra). exact H.
  - replace (p I j * c I i) with (p I j * / c I j * (c I i * c I j)) by (field; lra).
    replace (p I i * c I j) with (p I i * / c I i * (c I i * c I j)) by (field; lra).
    apply Rmult_le_compat_r; [nra|exact H].
Qed.

Lemma by_density_sorted I : valid I -> descending (density I) (by_density reals I).
Proof.
  intros [_ V]. apply sort_sorted. intros i j Li Lj. apply eligible_spec in Li as [Li _], Lj as [Lj _].
  unfold denser. rewrite leb_true. apply density_le; apply V; auto.
Qed.

Lemma by_score_sorted I : descending (p I) (by_score reals I).
Proof. apply sort_sorted. intros. unfold larger. apply leb_true. Qed.

Lemma density_times I i : 0 < c I i -> density I i * c I i = p I i.
Proof. intros. unfold density. field. lra. Qed.

(* --- the price --- *)

(* At the price, what is kept earns at least what it costs, and what is left out at most that. *)
Definition priced (I : instance R) (lam : R) (l : list nat) :=
  0 <= lam /\
  (forall i, In i (indices I) -> In i l -> lam * c I i <= p I i) /\
  (forall i, In i (indices I) -> ~ In i l -> p I i <= lam * c I i \/ B I < c I i).

Lemma price_nonneg I : valid I -> 0 <= price I.
Proof.
  intros [_ V]. unfold price, critical_item.
  destruct (prefix_spec (c I) (by_density reals I) (B I)) as [[E _]|(s & r & E & H & _)]; rewrite E; [lra|].
  assert (L : In s (by_density reals I)) by (rewrite H; apply in_elt).
  apply order_in in L as [L _]. destruct (V s L). apply Rmult_le_pos; [lra|]. left. now apply Rinv_0_lt_compat.
Qed.

Lemma cwmp_priced I : valid I -> priced I (price I) (cwmp reals I).
Proof.
  intros V. split; [now apply price_nonneg|]. pose proof (by_density_sorted I V) as S.
  pose proof (fun i => order_in (denser reals I) I i) as O. fold (by_density reals I) in O.
  assert (E : forall i, In i (indices I) -> ~ In i (by_density reals I) -> p I i = 0 \/ B I < c I i).
  { intros i L N. unfold by_density in N. rewrite sort_in, eligible_spec in N.
    destruct (proj2 V i L). destruct (Rlt_dec (B I) (c I i)); [auto|left]. destruct (Rlt_dec 0 (p I i)); [|lra].
    exfalso. apply N. repeat split; auto; lra. }
  destruct V as [_ V]. unfold price, critical_item, cwmp in *.
  destruct (prefix_spec (c I) (by_density reals I) (B I)) as [[X H]|(s & r & X & H & _)]; rewrite X.
  - rewrite <- H. split; intros i L K; [destruct (V i L); lra|].
    destruct (E i L K) as [Z|Z]; [left; lra|auto].
  - set (S0 := prefix _ _ _ _) in *. rewrite H in S. apply sorted_split in S as [S1 S2].
    assert (Ls : In s (indices I)) by (apply O; rewrite H; apply in_elt). destruct (V s Ls) as [Ps Cs].
    split; intros i L K; destruct (V i L) as [Pi Ci]; rewrite <- (density_times I i Ci).
    + apply Rmult_le_compat_r; [lra|]. apply S2; [auto|now left].
    + destruct (in_dec Nat.eq_dec i (by_density reals I)) as [D|D].
      * left. apply Rmult_le_compat_r; [lra|]. rewrite H in D. apply in_app_or in D as [D|D]; [tauto|]. destruct D as [->|D]; [lra|].
        apply StronglySorted_inv in S1 as [_ F]. rewrite Forall_forall in F. auto.
      * destruct (E i L D) as [Z|Z]; [left|auto]. rewrite density_times, Z by auto.
        apply Rmult_le_pos; [|lra]. apply Rmult_le_pos; [lra|]. left. now apply Rinv_0_lt_compat.
Qed.

(* What the rule {kept at the price} gives up against any candidate. *)
Lemma priced_gain I lam l z : priced I lam l -> fractional I z -> affordable I z ->
  value I z - value I (kept l) <= lam * (spend I z - spend I (kept l)).
Proof.
  intros (L & K & O) Z F. apply separation; [exact Z|exact K|].
  intros i Li N. destruct (O i Li N) as [H|H]; auto.
Qed.

Lemma mask_affordable I m b : valid I -> mask I m -> spend I m <= b -> b <= B I -> affordable I m.
Proof.
  intros [_ V] M S Hb i L D. destruct (M i L) as [E|E]; [exact E|exfalso].
  assert (m i * c I i <= spend I m); [|rewrite E in *; lra].
  apply (sum_one (fun j => m j * c I j)); [|exact L]. intros j Lj.
  destruct (V j Lj) as [_ C]. destruct (M j Lj) as [-> | ->]; lra.
Qed.

(* phi p_s is the price of what is left of the budget. *)
Lemma gap_is_priced I : valid I -> share I * critical_score I = price I * (B I - spend I (kept (cwmp reals I))).
Proof.
  intros V. unfold spend. rewrite cwmp_sum. unfold share, critical_score, price, critical_item, cwmp.
  destruct (prefix_spec (c I) (by_density reals I) (B I)) as [[E _]|(s & r & E & H & _)]; rewrite E; [lra|].
  assert (L : In s (by_density reals I)) by (rewrite H; apply in_elt).
  apply order_in in L as [L _]. destruct (proj2 V s L). unfold density, Rdiv. ring.
Qed.

Lemma share_range I : valid I -> 0 <= share I <= 1.
Proof.
  intros V. pose proof (cwmp_fits I V) as F. unfold spend in F. rewrite cwmp_sum in F.
  unfold share, critical_item, cwmp in *.
  destruct (prefix_spec (c I) (by_density reals I) (B I)) as [[E _]|(s & r & E & H & Q)]; rewrite E; [lra|].
  assert (L : In s (by_density reals I)) by (rewrite H; apply in_elt).
  apply order_in in L as [L _]. destruct (proj2 V s L). unfold Rdiv. split.
  - apply Rmult_le_pos; [lra|]. left. now apply Rinv_0_lt_compat.
  - apply Rmult_le_reg_r with (c I s); [lra|]. rewrite Rmult_assoc, Rinv_l; lra.
Qed.
