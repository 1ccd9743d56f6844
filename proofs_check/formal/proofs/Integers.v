(* Masks and their sums in whole numbers, and sorted lists: what the checker's proofs have in common. *)
From Coq Require Import ZArith List Bool Lia Permutation Sorted.
From CWMP Require Export Arithmetic Selectors.
Import ListNotations.
Open Scope Z_scope.

Definition has (l : list nat) (i : nat) : bool := existsb (Nat.eqb i) l.
Notation sumZ := (total integers).
Definition over (x : nat -> bool) (f : nat -> Z) (l : list nat) : Z := sumZ (fun i => if x i then f i else 0) l.

(* What a mask retains and spends, over all coordinates. *)
Definition value (I : instance Z) (x : nat -> bool) : Z := over x (p I) (indices I).
Definition cost (I : instance Z) (x : nat -> bool) : Z := over x (c I) (indices I).
Definition able (I : instance Z) : list nat := eligible integers I.

Lemma sum_pointwise f g l : (forall i, In i l -> f i <= g i) -> sumZ f l <= sumZ g l.
Proof.
  induction l as [|a l IH]; intros H; cbn; [lia|]. pose proof (H a (or_introl eq_refl)).
  pose proof (IH (fun i L => H i (or_intror L))). lia.
Qed.
Lemma sum_same f g l : (forall i, In i l -> f i = g i) -> sumZ f l = sumZ g l.
Proof. intros H. apply Z.le_antisymm; apply sum_pointwise; intros i L; rewrite (H i L); lia. Qed.
Lemma sum_app f a b : sumZ f (a ++ b) = sumZ f a + sumZ f b.
Proof. induction a as [|i a IH]; cbn; [lia|]. rewrite IH. lia. Qed.
Lemma sum_perm f a b : Permutation a b -> sumZ f a = sumZ f b.
Proof. induction 1; cbn; lia. Qed.
Lemma sum_split (e : nat -> bool) f l : sumZ f l = sumZ f (filter e l) + sumZ f (filter (fun i => negb (e i)) l).
Proof. induction l as [|x l IH]; cbn; [auto|]. destruct (e x); cbn; lia. Qed.
Lemma sum_null f l : (forall i, In i l -> f i = 0) -> sumZ f l = 0.
Proof. induction l as [|a l IH]; intros H; cbn; [auto|]. rewrite IH, (H a); cbn; auto. intros; apply H; now right. Qed.
Lemma sum_nonneg f l : (forall i, In i l -> 0 <= f i) -> 0 <= sumZ f l.
Proof. intros H. rewrite <- (sum_null (fun _ => 0) l) by auto. now apply sum_pointwise. Qed.
Lemma sum_member f l i : (forall j, In j l -> 0 <= f j) -> In i l -> f i <= sumZ f l.
Proof.
  induction l as [|a l IH]; intros H L; [destruct L|]. cbn. pose proof (H a (or_introl eq_refl)).
  pose proof (sum_nonneg f l (fun j J => H j (or_intror J))).
  destruct L as [->|L]; [lia|]. pose proof (IH (fun j J => H j (or_intror J)) L). lia.
Qed.
Lemma sum_multiple g f l : (forall i, In i l -> f i mod g = 0) -> 0 < g -> exists k, sumZ f l = k * g.
Proof.
  intros H G. induction l as [|a l IH]; [exists 0; auto|]. destruct IH as [k E]; [intros; apply H; now right|].
  specialize (H a (or_introl eq_refl)). exists (f a / g + k). cbn. rewrite E. pose proof (Z.div_mod (f a) g). lia.
Qed.

Lemma has_spec l i : has l i = true <-> In i l.
Proof.
  unfold has. rewrite existsb_exists. split; [intros (j & L & E); apply Nat.eqb_eq in E; now subst|].
  intros L. exists i. split; [auto|apply Nat.eqb_refl].
Qed.

Lemma able_spec I i : In i (able I) <-> In i (indices I) /\ 0 < p I i /\ c I i <= B I.
Proof.
  unfold able, eligible. rewrite filter_In, andb_true_iff, negb_true_iff. cbn.
  rewrite Z.leb_le, Z.leb_gt. tauto.
Qed.

(* --- only eligible items count: the others retain nothing or do not fit --- *)

Lemma over_able I x f : (forall i, In i (indices I) -> ~ In i (able I) -> x i = true -> f i = 0) ->
  over x f (indices I) = over x f (able I).
Proof.
  intros H. unfold over. rewrite (sum_split (fun i => negb (leb integers (p I i) 0) && leb integers (c I i) (B I))).
  rewrite (sum_null _ (filter (fun i => negb _) (indices I))); [unfold able, eligible; cbn; lia|].
  intros i L. apply filter_In in L as [L N]. destruct (x i) eqn:X; [|auto]. apply H; auto. rewrite able_spec.
  intros (_ & P & Q). cbn in N. apply negb_true_iff, andb_false_iff in N as [N|N]; [apply negb_false_iff, Z.leb_le in N|apply Z.leb_gt in N]; lia.
Qed.

Section Masks.
Variables (I : instance Z).
Hypothesis V : forall i, In i (indices I) -> 0 <= p I i /\ 0 < c I i.

Lemma affords x i : cost I x <= B I -> In i (indices I) -> x i = true -> c I i <= B I.
Proof.
  intros H L X. assert ((if x i then c I i else 0) <= cost I x); [|rewrite X in *; lia].
  apply (sum_member (fun i => if x i then c I i else 0)); [|exact L]. intros j Lj. destruct (V j Lj). destruct (x j); lia.
Qed.

Lemma value_able x : cost I x <= B I -> value I x = over x (p I) (able I).
Proof.
  intros H. apply over_able. intros i L N X. destruct (V i L). pose proof (affords x i H L X).
  destruct (Z.le_gt_cases (p I i) 0); [lia|exfalso]. apply N, able_spec. auto.
Qed.

Lemma cost_able x : over x (c I) (able I) <= cost I x.
Proof.
  unfold cost, over at 2. rewrite (sum_split (fun i => negb (leb integers (p I i) 0) && leb integers (c I i) (B I))).
  enough (0 <= sumZ (fun i => if x i then c I i else 0)
    (filter (fun i => negb (negb (leb integers (p I i) 0) && leb integers (c I i) (B I))) (indices I)))
    by (unfold over, able, eligible; cbn in *; lia).
  apply sum_nonneg. intros i L. apply filter_In in L as [L _]. destruct (V i L). destruct (x i); lia.
Qed.
End Masks.

(* --- sorted lists --- *)

Lemma insert_perm first i l : Permutation (insert first i l) (i :: l).
Proof. induction l as [|j l IH]; cbn; [auto|]. destruct first; [auto|]. rewrite IH. apply perm_swap. Qed.
Lemma sort_perm first l : Permutation (sort first l) l.
Proof. induction l; cbn; [auto|]. rewrite insert_perm. auto. Qed.
Lemma sort_in first l i : In i (sort first l) <-> In i l.
Proof. split; apply Permutation_in; [|symmetry]; apply sort_perm. Qed.

Definition in_sequence (first : nat -> nat -> bool) := StronglySorted (fun i j => first i j = true).

Lemma insert_sorted first i l :
  (forall j, In j l -> first i j = false -> first j i = true) ->
  (forall j k, In j l -> In k l -> first i j = true -> first j k = true -> first i k = true) ->
  in_sequence first l -> in_sequence first (insert first i l).
Proof.
  intros T R S. induction S as [|j l S IH F]; cbn; [repeat constructor|]. destruct (first i j) eqn:E.
  - constructor; [now constructor|]. constructor; [auto|]. apply Forall_forall. intros k K. rewrite Forall_forall in F.
    apply (R j k); [now left|now right|auto|auto].
  - constructor.
    + apply IH; [intros k K; apply T; now right|intros a b A B'; apply R; now right].
    + apply Forall_forall. intros k K. apply (Permutation_in _ (insert_perm _ _ _)) in K.
      destruct K as [->|K]; [apply T; [now left|auto]|rewrite Forall_forall in F; auto].
Qed.

Lemma sort_sorted first l :
  (forall i j, In i l -> In j l -> first i j = false -> first j i = true) ->
  (forall i j k, In i l -> In j l -> In k l -> first i j = true -> first j k = true -> first i k = true) ->
  in_sequence first (sort first l).
Proof.
  induction l as [|i l IH]; intros T R; [constructor|]. cbn [sort fold_right]. fold (sort first l). apply insert_sorted.
  - intros j L. apply sort_in in L. apply T; [now left|now right].
  - intros j k J K. apply sort_in in J, K. apply R; [now left|now right|now right].
  - apply IH; [intros j k J K; apply T; now right|intros j k m J K M; apply R; now right].
Qed.
