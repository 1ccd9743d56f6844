(* D6. CWMP traces the supported Pareto frontier.

   The points (cost, retained) of the prefixes of the order, ties of p/c merged, are exactly the vertices of the
   upper concave hull of (cost, retained) over all masks.

   Assumes: B at least the total cost of the items considered, so that every prefix is reached. *)
From Coq Require Import Reals Lra Psatz List Permutation Sorted Arith Bool.
From CWMP Require Import Prices.
Import ListNotations.
Open Scope R_scope.

(* A vertex of the upper concave hull: some slope singles the point out among all masks of the items considered. *)
Definition considered (I : instance R) (m : nat -> R) := mask I m /\ forall i, In i (indices I) -> p I i = 0 -> m i = 0.
Definition vertex (I : instance R) (x y : R) : Prop :=
  (exists m, considered I m /\ spend I m = x /\ value I m = y) /\
  exists slope, forall m, considered I m ->
    (spend I m = x /\ value I m = y) \/ value I m - slope * spend I m < y - slope * x.

(* The same among all masks, zero scores included, for a price above 0: the supported Pareto frontier. *)
Definition supported (I : instance R) (x y : R) : Prop :=
  (exists m, mask I m /\ spend I m = x /\ value I m = y) /\
  exists lam, 0 < lam /\ forall m, mask I m ->
    (spend I m = x /\ value I m = y) \/ value I m - lam * spend I m < y - lam * x.

(* A prefix of the order that does not end inside a run of equal densities. *)
Definition prefix_point (I : instance R) (x y : R) : Prop :=
  exists a b, by_density reals I = a ++ b /\ (forall i j, In i a -> In j b -> density I j < density I i) /\
    x = sum (c I) a /\ y = sum (p I) a.

Definition claim : Prop := forall I, valid I ->
  sum (fun i => if Rlt_dec 0 (p I i) then c I i else 0) (indices I) <= B I ->
  forall x y, (vertex I x y <-> prefix_point I x y) /\ (supported I x y <-> prefix_point I x y).

Section Proof.
Variable I : instance R.
Hypothesis V : valid I.
Hypothesis Enough : sum (fun i => if Rlt_dec 0 (p I i) then c I i else 0) (indices I) <= B I.

Lemma in_order i : In i (by_density reals I) <-> In i (indices I) /\ 0 < p I i.
Proof.
  unfold by_density. rewrite sort_in, eligible_spec. split; [tauto|]. intros [L P]. repeat split; auto.
  eapply Rle_trans; [|exact Enough].
  eapply Rle_trans; [|apply (sum_one (fun i => if Rlt_dec 0 (p I i) then c I i else 0) (indices I) i); [|exact L]].
  - destruct Rlt_dec; [lra|tauto].
  - intros j Lj. destruct (proj2 V j Lj). destruct Rlt_dec; lra.
Qed.

(* Where a price decides every item, what it keeps is singled out. *)
Lemma singled_out lam a : 0 < lam ->
  (forall i, In i (indices I) -> (In i a -> lam * c I i < p I i) /\ (~ In i a -> p I i < lam * c I i)) ->
  forall m, mask I m ->
    (spend I m = spend I (kept a) /\ value I m = value I (kept a)) \/
    value I m - lam * spend I m < value I (kept a) - lam * spend I (kept a).
Proof.
  intros L D m M. destruct (existsb (fun i => if Req_EM_T (m i) (kept a i) then false else true) (indices I)) eqn:E.
  - right. apply existsb_exists in E as (i & K & F). destruct Req_EM_T as [|F']; [discriminate|]. clear F.
    rename F' into F. unfold value, spend. rewrite <- !sum_scale, <- !sum_minus.
    assert (G : forall j, In j (indices I) ->
      m j * p I j - lam * (m j * c I j) <= kept a j * p I j - lam * (kept a j * c I j) /\
      (m j <> kept a j -> m j * p I j - lam * (m j * c I j) < kept a j * p I j - lam * (kept a j * c I j))).
    { intros j Kj. destruct (D j Kj) as [D1 D2]. unfold kept. destruct in_dec as [Y|N];
      [specialize (D1 Y)|specialize (D2 N)]; destruct (M j Kj) as [-> | ->]; split; intros; lra. }
    apply (sum_lt _ _ _ i); [intros j Kj; apply G; auto|exact K|apply G; auto].
  - left. split; apply sum_ext; intros i K; (destruct (Req_EM_T (m i) (kept a i)) as [->|F]; [reflexivity|exfalso]);
      apply not_true_iff_false in E; apply E, existsb_exists; exists i; (split; [exact K|]); destruct Req_EM_T; tauto.
Qed.

(* Between the densities of two lists there is a price. *)
Lemma price_between a b : (forall i, In i (a ++ b) -> 0 < density I i) ->
  (forall i j, In i a -> In j b -> density I j < density I i) ->
  exists lam, 0 < lam /\ (forall i, In i a -> lam < density I i) /\ (forall j, In j b -> density I j < lam).
Proof.
  intros Pos Sep.
  assert (U : exists M, 0 <= M /\ (forall j, In j b -> density I j <= M) /\ (forall i, In i a -> M < density I i)).
  { clear V Enough. induction b as [|j b' IH].
    - exists 0. split; [lra|]. split; [intros ? []|]. intros i L. apply Pos, in_or_app. auto.
    - destruct IH as (M & HM & Hb & Ha).
      + intros i L. apply Pos. apply in_app_or in L. apply in_or_app. cbn. tauto.
      + intros i k Li Lk. apply Sep; [auto|now right].
      + exists (Rmax M (density I j)). pose proof (Rmax_l M (density I j)). pose proof (Rmax_r M (density I j)).
        split; [lra|]. split.
        * intros k [<-|L]; [auto|]. specialize (Hb k L). lra.
        * intros i L. specialize (Ha i L). specialize (Sep i j L (or_introl eq_refl)). now apply Rmax_lub_lt. }
  destruct U as (M & HM & Hb & Ha).
  assert (W : exists lam, M < lam /\ forall i, In i a -> lam < density I i).
  { clear -Ha. induction a as [|i a IH]; [exists (M + 1); split; [lra|intros ? []]|].
    destruct IH as (l & Hl & H); [intros; apply Ha; now right|]. specialize (Ha i (or_introl eq_refl)).
    exists (Rmin l ((M + density I i) / 2)). pose proof (Rmin_l l ((M + density I i) / 2)).
    pose proof (Rmin_r l ((M + density I i) / 2)). split; [apply Rmin_glb_lt; lra|].
    intros k [<-|L]; [lra|]. specialize (H k L). lra. }
  destruct W as (lam & H1 & H2). exists lam. repeat split; auto; [lra|]. intros j L. specialize (Hb j L). lra.
Qed.

Lemma density_vs i lam : In i (indices I) -> (lam < density I i <-> lam * c I i < p I i) /\
  (density I i < lam <-> p I i < lam * c I i).
Proof.
  intros L. destruct (proj2 V i L) as [_ C]. rewrite <- (density_times I i C). split; split; intros H; nra.
Qed.

Lemma NoDup_app_left (a b : list nat) : NoDup (a ++ b) -> NoDup a.
Proof.
  induction a as [|i a IH]; cbn; intros N; [constructor|]. apply NoDup_cons_iff in N as [F N].
  constructor; [|auto]. intros L. apply F, in_or_app. auto.
Qed.

Lemma prefix_list a b : by_density reals I = a ++ b -> NoDup a /\ incl a (indices I).
Proof.
  intros E. pose proof (order_nodup (denser reals I) I) as N. fold (by_density reals I) in N. rewrite E in N.
  split; [now apply NoDup_app_left in N|]. intros i L. apply in_order. rewrite E. apply in_or_app. auto.
Qed.

Lemma sorted_filter lam l : descending (density I) l -> exists a b, l = a ++ b /\
  (forall i, In i a -> lam < density I i) /\ (forall j, In j b -> density I j <= lam).
Proof.
  induction l as [|i l IH]; intros S; [exists [], []; repeat split; intros ? []|].
  apply StronglySorted_inv in S as [S F]. destruct (Rlt_dec lam (density I i)) as [H|H].
  - destruct (IH S) as (a & b & -> & Ha & Hb). exists (i :: a), b. repeat split; auto. intros k [<-|L]; auto.
  - exists [], (i :: l). split; [auto|]. split; [intros ? []|]. intros j [<-|L]; [lra|].
    rewrite Forall_forall in F. specialize (F j L). lra.
Qed.

Lemma supported_iff x y : supported I x y <-> prefix_point I x y.
Proof.
  split.
  - intros ((m & M & Sx & Sy) & lam & L & U).
    destruct (sorted_filter lam _ (by_density_sorted I V)) as (a & b & E & Ha & Hb).
    destruct (prefix_list a b E) as [N C]. exists a, b. split; [exact E|]. split.
    { intros i j Li Lj. specialize (Ha i Li). specialize (Hb j Lj). lra. }
    assert (W : value I m - lam * spend I m <= value I (kept a) - lam * spend I (kept a)).
    { assert (G : value I m - value I (kept a) <= lam * (spend I m - spend I (kept a))); [|lra].
      apply separation; [apply mask_fractional, M| |].
      - intros i K Y. apply Rlt_le, density_vs; auto.
      - intros i K Y. left. destruct (in_dec Nat.eq_dec i b) as [Yb|Nb].
        + specialize (Hb i Yb). destruct (proj2 V i K) as [_ Ci]. rewrite <- (density_times I i Ci). nra.
        + assert (Z : ~ In i (by_density reals I)) by (rewrite E, in_app_iff; tauto). rewrite in_order in Z.
          destruct (proj2 V i K). assert (~ 0 < p I i) by tauto. nra. }
    destruct (U (kept a) (kept_mask I a)) as [[<- <-]|H]; [|rewrite Sx, Sy in W; lra].
    unfold spend, value. rewrite !kept_sum by auto. auto.
  - intros (a & b & E & Sep & -> & ->). destruct (prefix_list a b E) as [N C].
    assert (Ea : spend I (kept a) = sum (c I) a /\ value I (kept a) = sum (p I) a)
      by (unfold spend, value; rewrite !kept_sum by auto; auto). destruct Ea as [<- <-].
    split; [exists (kept a); repeat split; apply kept_mask|].
    destruct (price_between a b) as (lam & L & Ha & Hb); [|exact Sep|].
    { rewrite <- E. intros i K. apply in_order in K as [K P]. destruct (proj2 V i K).
      unfold density. now apply Rdiv_lt_0_compat. }
    exists lam. split; [exact L|]. apply singled_out; [exact L|]. intros i K. split; intros Y.
    + apply density_vs; auto.
    + destruct (in_dec Nat.eq_dec i b) as [Yb|Nb]; [apply density_vs; auto|].
      assert (Z : ~ In i (by_density reals I)) by (rewrite E, in_app_iff; tauto). rewrite in_order in Z.
      destruct (proj2 V i K). assert (~ 0 < p I i) by tauto. nra.
Qed.

Lemma order_considered a b : by_density reals I = a ++ b -> considered I (kept a).
Proof.
  intros E. split; [apply kept_mask|]. intros i L P. apply kept_out. intros K.
  assert (G : In i (by_density reals I)) by (rewrite E; apply in_or_app; auto). apply in_order in G. lra.
Qed.

Lemma vertex_iff x y : vertex I x y <-> prefix_point I x y.
Proof.
  split.
  - intros ((m & [M Mz] & Sx & Sy) & slope & U).
    assert (W : forall a b, by_density reals I = a ++ b -> (forall i, In i a -> slope * c I i <= p I i) ->
      (forall i, In i b -> p I i <= slope * c I i) -> x = sum (c I) a /\ y = sum (p I) a).
    { intros a b E Ha Hb. destruct (prefix_list a b E) as [N C].
      assert (G : value I m - value I (kept a) <= slope * (spend I m - spend I (kept a))).
      { apply separation; [apply mask_fractional, M|auto|]. intros i K Y.
        destruct (in_dec Nat.eq_dec i b) as [Yb|Nb]; [left; auto|right]. apply Mz; [exact K|].
        assert (Q : ~ In i (by_density reals I)) by (rewrite E, in_app_iff; tauto). rewrite in_order in Q.
        destruct (proj2 V i K). destruct (Rlt_dec 0 (p I i)); [tauto|lra]. }
      destruct (U (kept a) (order_considered a b E)) as [[<- <-]|H]; [|rewrite Sx, Sy in G; lra].
      unfold spend, value. rewrite !kept_sum by auto. auto. }
    destruct (Rlt_dec 0 slope) as [P|P].
    + destruct (sorted_filter slope _ (by_density_sorted I V)) as (a & b & E & Ha & Hb). destruct (W a b E) as [W1 W2].
      * intros i L. apply Rlt_le, density_vs; auto. apply in_order. rewrite E. apply in_or_app. auto.
      * intros i L. assert (K : In i (indices I)) by (apply in_order; rewrite E; apply in_or_app; auto).
        destruct (proj2 V i K) as [_ Ci]. specialize (Hb i L). rewrite <- (density_times I i Ci). nra.
      * exists a, b. repeat split; auto. intros i j Li Lj. specialize (Ha i Li). specialize (Hb j Lj). lra.
    + destruct (W (by_density reals I) []) as [W1 W2]; [now rewrite app_nil_r| |intros ? []|].
      * intros i L. apply in_order in L as [L Q]. destruct (proj2 V i L). nra.
      * exists (by_density reals I), []. rewrite app_nil_r. repeat split; auto. intros ? ? _ [].
  - intros P. pose proof P as (a & b & E & _ & X & Y). apply supported_iff in P as [_ (lam & _ & U)].
    destruct (prefix_list a b E) as [N C]. split.
    + exists (kept a). split; [now apply (order_considered a b)|]. unfold spend, value. rewrite !kept_sum by auto. auto.
    + exists lam. intros m [M _]. now apply U.
Qed.
End Proof.

Theorem proved : claim.
Proof. intros I V E x y. split; [now apply vertex_iff|now apply supported_iff]. Qed.
