(* D16. Invariances.

   CWMP's mask is unchanged by flipping signs of g, by scaling g, by scaling (c, B) jointly, and is permuted with
   the coordinates when no two scores tie.

   Assumes: scalings that float64 represents exactly (powers of two), so that the instance itself is scaled. *)
From Coq Require Import Reals Lra Psatz List Permutation Sorted.
From CWMP Require Import Prices.
Import ListNotations.
Open Scope R_scope.

Definition project n (g c : nat -> R) b : list nat := cwmp reals (Instance n (fun i => g i ^ 2) c b).

Definition claim : Prop := forall n g c b, valid (Instance n (fun i => g i ^ 2) c b) ->
  (forall sign, (forall i, sign i = 1 \/ sign i = -1) -> project n (fun i => sign i * g i) c b = project n g c b) /\
  (forall a, a <> 0 -> project n (fun i => a * g i) c b = project n g c b) /\
  (forall t, 0 < t -> project n g (fun i => t * c i) (t * b) = project n g c b) /\
  (forall s, Permutation (map s (seq 0 n)) (seq 0 n) ->
     (forall i j, In i (seq 0 n) -> In j (seq 0 n) -> i <> j -> g i ^ 2 / c i <> g j ^ 2 / c j) ->
     map s (project n (fun i => g (s i)) (fun i => c (s i)) b) = project n g c b).

Lemma leb_scale a x y : 0 < a -> leb reals (a * x) (a * y) = leb reals x y.
Proof.
  intros H. destruct (leb reals x y) eqn:E; [apply leb_true in E; apply leb_true|apply leb_false in E; apply leb_false]; nra.
Qed.

(* Scores times a, costs and budget times t: nothing changes. *)
Lemma scaled n p q c h b e a t : 0 < a -> 0 < t -> (forall i, q i = a * p i) -> (forall i, h i = t * c i) -> e = t * b ->
  cwmp reals (Instance n q h e) = cwmp reals (Instance n p c b).
Proof.
  intros A T Q H ->.
  assert (P : forall l room, prefix reals h (t * room) l = prefix reals c room l).
  { induction l as [|i l IH]; intros room; [auto|]. cbn [prefix]. rewrite H, leb_scale by auto.
    cbn [sub reals]. rewrite <- Rmult_minus_distr_l, IH. auto. }
  unfold cwmp. cbn [Selectors.c Selectors.B]. rewrite P. f_equal. unfold by_density.
  assert (E : eligible reals (Instance n q h (t * b)) = eligible reals (Instance n p c b)).
  { apply filter_ext. intros i. cbn [Selectors.p Selectors.c Selectors.B]. rewrite Q, H, leb_scale by auto.
    replace (zero reals) with (a * zero reals) at 1 by (cbn; ring). rewrite leb_scale by auto. auto. }
  rewrite E. clear E. induction (eligible reals (Instance n p c b)) as [|i l IH]; [auto|].
  cbn [sort fold_right]. unfold sort in IH. rewrite IH. generalize (fold_right (insert (denser reals (Instance n p c b))) [] l).
  intros r. induction r as [|j r IHr]; [auto|]. cbn [insert]. rewrite IHr. unfold denser at 1 3.
  cbn [Selectors.p Selectors.c mul reals]. rewrite !Q, !H.
  replace (a * p j * (t * c i)) with (a * t * (p j * c i)) by ring.
  replace (a * p i * (t * c j)) with (a * t * (p i * c j)) by ring. rewrite leb_scale by nra. auto.
Qed.

(* Two strictly descending lists of the same items are the same list. *)
Lemma sorted_unique (key : nat -> R) a : forall b, Permutation a b ->
  StronglySorted (fun i j => key j < key i) a -> StronglySorted (fun i j => key j < key i) b -> a = b.
Proof.
  induction a as [|x a IH]; intros b P Sa Sb; [now apply Permutation_nil in P|].
  destruct b as [|y b]; [now apply Permutation_sym, Permutation_nil in P|].
  apply StronglySorted_inv in Sa as [Sa Fa], Sb as [Sb Fb]. rewrite Forall_forall in Fa, Fb.
  assert (x = y) as ->.
  { pose proof (Permutation_in x P (or_introl eq_refl)) as [E|L]; [auto|].
    pose proof (Permutation_in y (Permutation_sym P) (or_introl eq_refl)) as [E|K]; [auto|].
    specialize (Fb x L). specialize (Fa y K). cbn in *. lra. }
  f_equal. apply IH; auto. now apply Permutation_cons_inv in P.
Qed.

Lemma strict key l : NoDup l -> descending key l ->
  (forall i j, In i l -> In j l -> i <> j -> key i <> key j) -> StronglySorted (fun i j => key j < key i) l.
Proof.
  intros N S. induction S as [|i l S IH F]; intros D; [constructor|]. apply NoDup_cons_iff in N as [G N].
  rewrite Forall_forall in F. constructor; [apply IH; [auto|]; intros; apply D; auto; now right|].
  apply Forall_forall. intros j L. specialize (F j L). assert (key i <> key j) by (apply D; [now left|now right|congruence]).
  lra.
Qed.

Lemma sorted_map (s : nat -> nat) (key : nat -> R) l : StronglySorted (fun i j => key (s j) < key (s i)) l ->
  StronglySorted (fun i j => key j < key i) (map s l).
Proof.
  induction 1 as [|i l S IH F]; cbn; constructor; auto. apply Forall_forall. intros j L.
  apply in_map_iff in L as (k & <- & L). rewrite Forall_forall in F. auto.
Qed.

Lemma prefix_map (s : nat -> nat) (c : nat -> R) l : forall b,
  map s (prefix reals (fun i => c (s i)) b l) = prefix reals c b (map s l).
Proof. induction l as [|i l IH]; intros b; cbn; [auto|]. destruct Rle_dec; cbn; [now rewrite IH|auto]. Qed.

Lemma filter_map (s : nat -> nat) (f : nat -> bool) l : map s (filter (fun i => f (s i)) l) = filter f (map s l).
Proof. induction l as [|i l IH]; cbn; [auto|]. destruct (f (s i)); cbn; now rewrite IH. Qed.

Lemma filter_perm (f : nat -> bool) a b : Permutation a b -> Permutation (filter f a) (filter f b).
Proof.
  induction 1; cbn; auto; [destruct (f x); auto|destruct (f x), (f y); auto; apply perm_swap|etransitivity; eauto].
Qed.

Theorem proved : claim.
Proof.
  intros n g c b V. split; [|split; [|split]].
  - intros sign H. apply (scaled _ _ _ _ _ _ _ 1 1); try lra; intros; [|ring]. destruct (H i) as [-> | ->]; ring.
  - intros a H. apply (scaled _ _ _ _ _ _ _ (a ^ 2) 1); try lra; intros; try ring. nra.
  - intros t H. apply (scaled _ _ _ _ _ _ _ 1 t); try lra; intros; ring.
  - intros s P D. unfold project. set (I := Instance n (fun i => g i ^ 2) c b) in *.
    set (J := Instance n (fun i => g (s i) ^ 2) (fun i => c (s i)) b).
    assert (Ns : NoDup (map s (seq 0 n))) by (apply (Permutation_NoDup (Permutation_sym P)), seq_NoDup).
    assert (In_s : forall i, In i (seq 0 n) -> In (s i) (seq 0 n)).
    { intros i L. apply (Permutation_in _ P), in_map, L. }
    assert (VJ : valid J) by (split; [apply V|]; intros i L; apply (proj2 V (s i)), In_s, L).
    unfold cwmp. change (Selectors.c J) with (fun i => Selectors.c I (s i)). rewrite prefix_map.
    change (B J) with (B I). f_equal.
    assert (E : Permutation (map s (by_density reals J)) (by_density reals I)).
    { unfold by_density. rewrite !sort_perm. unfold eligible.
      change (fun i => (negb (leb reals (Selectors.p J i) (zero reals)) && leb reals (Selectors.c J i) (B J))%bool)
        with (fun i => (fun k => (negb (leb reals (Selectors.p I k) (zero reals)) && leb reals (Selectors.c I k) (B I))%bool) (s i)).
      rewrite filter_map. apply filter_perm, P. }
    assert (NI : NoDup (by_density reals I)) by apply order_nodup.
    assert (NJ : NoDup (map s (by_density reals J))) by (apply (Permutation_NoDup (Permutation_sym E)), NI).
    apply (sorted_unique (density I)); [exact E| |].
    + apply sorted_map. change (fun i j => density I (s j) < density I (s i)) with (fun i j => density J j < density J i).
      apply strict; [now apply NoDup_map_inv in NJ|apply by_density_sorted, VJ|].
      intros i j Li Lj Ne. apply order_in in Li as [Li _], Lj as [Lj _]. apply D; [apply In_s, Li|apply In_s, Lj|].
      intros X. apply Ne. clear -Ns Li Lj X. cbn in Li, Lj. induction (seq 0 n) as [|k l IH]; [destruct Li|].
      cbn in Ns. apply NoDup_cons_iff in Ns as [F N]. destruct Li as [<-|Li], Lj as [<-|Lj]; auto.
      * exfalso. apply F. rewrite X. now apply in_map.
      * exfalso. apply F. rewrite <- X. now apply in_map.
    + apply strict; [exact NI|apply by_density_sorted, V|].
      intros i j Li Lj Ne. apply order_in in Li as [Li _], Lj as [Lj _]. now apply D.
Qed.
