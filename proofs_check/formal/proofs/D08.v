(* D8. Larger never dearer: the prefix is optimal.

   If p_i > p_j implies c_i <= c_j for all i, j, prefix CWMP attains OPT at every budget.

   Assumes: p and c oppositely ordered. *)
From Coq Require Import Reals Lra Psatz List Permutation Sorted.
From CWMP Require Import Relaxation Counting.
Import ListNotations.
Open Scope R_scope.

Definition claim : Prop := forall I, valid I ->
  (forall i j, In i (indices I) -> In j (indices I) -> p I j < p I i -> c I i <= c I j) ->
  forall m, mask I m -> spend I m <= B I -> value I m <= value I (kept (cwmp reals I)).

(* Then the denser of two items is both larger and cheaper. *)
Lemma larger_and_cheaper I i j : valid I ->
  (forall i j, In i (indices I) -> In j (indices I) -> p I j < p I i -> c I i <= c I j) ->
  In i (indices I) -> In j (indices I) -> 0 < p I i -> density I j <= density I i -> p I j <= p I i /\ c I i <= c I j.
Proof.
  intros V O Li Lj P D. destruct (proj2 V i Li) as [_ Ci], (proj2 V j Lj) as [Pj Cj].
  apply density_le in D; auto. pose proof (O i j Li Lj). pose proof (O j i Lj Li).
  destruct (Rlt_dec (p I i) (p I j)); [nra|]. destruct (Rlt_dec (p I j) (p I i)); [lra|]. split; [lra|].
  assert (p I i = p I j) by lra. nra.
Qed.

Theorem proved : claim.
Proof.
  intros I V O m M Fits. pose proof (mask_affordable I m (B I) V M Fits (Rle_refl _)) as A.
  pose proof (priced_gain I _ _ m (cwmp_priced I V) (mask_fractional I m M) A) as G.
  destruct (critical_item reals I) as [s|] eqn:X; [|unfold price in G; rewrite X in G; lra]. clear G.
  pose proof (critical_spec I s V X) as (Ls & Ps & As & Cs & Ns & Q). unfold critical_item in X.
  destruct (prefix_spec (c I) (by_density reals I) (B I)) as [[Y _]|(t & r & Y & H & _)]; [congruence|].
  rewrite X in Y. injection Y as <-. fold (cwmp reals I) in H.
  pose proof (by_density_sorted I V) as D. rewrite H in D. apply sorted_split in D as [D1 D2].
  assert (In_order : forall i, In i (cwmp reals I ++ s :: r) -> In i (indices I) /\ 0 < p I i).
  { intros i L. rewrite <- H in L. apply order_in in L. tauto. }
  assert (Before : forall i, In i (cwmp reals I) -> p I s <= p I i /\ c I i <= c I s).
  { intros i L. destruct (In_order i) as [Li Pi]; [apply in_or_app; auto|].
    apply larger_and_cheaper; auto. apply D2; [auto|now left]. }
  assert (After : forall i, In i r -> p I i <= p I s /\ c I s <= c I i).
  { intros i L. destruct (In_order i) as [Li Pi]; [apply in_or_app; cbn; auto|].
    apply larger_and_cheaper; auto. apply StronglySorted_inv in D1 as [_ F]. rewrite Forall_forall in F. auto. }
  assert (Out : forall i, In i (indices I) -> ~ In i (cwmp reals I) -> i <> s -> p I i = 0 \/ B I < c I i \/ In i r).
  { intros i L N Ne. destruct (in_dec Nat.eq_dec i (by_density reals I)) as [K|K].
    - rewrite H, in_app_iff in K. destruct K as [K|[K|K]]; try tauto. congruence.
    - unfold by_density in K. rewrite sort_in, eligible_spec in K. destruct (proj2 V i L).
      destruct (Rlt_dec (B I) (c I i)); [auto|]. left. destruct (Rlt_dec 0 (p I i)); [|lra].
      exfalso. apply K. repeat split; auto; lra. }
  (* A mask without worthless items that fits holds no more items than the prefix. *)
  set (w := fun i => if Rlt_dec 0 (p I i) then m i else 0).
  assert (Mw : mask I w) by (intros i L; unfold w; destruct Rlt_dec; auto).
  assert (Vw : value I w = value I m).
  { apply sum_ext. intros i L. unfold w. destruct Rlt_dec; [auto|]. destruct (proj2 V i L). replace (p I i) with 0; lra. }
  assert (Sw : spend I w <= spend I m).
  { apply sum_le. intros i L. unfold w. destruct (proj2 V i L). destruct (M i L) as [-> | ->]; destruct Rlt_dec; lra. }
  assert (N : count I w <= INR (length (cwmp reals I))).
  { destruct (Rle_dec (count I w) (INR (length (cwmp reals I)))) as [|G]; [auto|exfalso].
    assert (T : forall l, (forall i, In i l -> w i = 0 \/ w i = 1) -> exists n, sum w l = INR n).
    { induction l as [|i l IH]; intros F; [now exists 0%nat|]. destruct IH as [n F']; [intros; apply F; now right|].
      cbn. rewrite F'. destruct (F i (or_introl eq_refl)) as [-> | ->]; [exists n|exists (S n); rewrite S_INR]; lra. }
    destruct (T (indices I) Mw) as [n F]. unfold count in G. rewrite F in G. apply Rnot_le_lt, INR_lt in G.
    assert (Sn : NoDup (s :: cwmp reals I)) by (constructor; [exact Ns|apply prefix_of_order]).
    assert (Si : incl (s :: cwmp reals I) (indices I)) by (intros j [<-|L]; [auto|now apply prefix_of_order in L]).
    assert (K := separation (fun i => - c I i) (fun _ => 1) (- c I s) (s :: cwmp reals I) w (indices I)).
    assert (E1 : forall x, sum (fun i => x i * - c I i) (indices I) = - spend I x).
    { intros x. unfold spend. replace (- sum (fun i => x i * c I i) (indices I)) with
        ((-1) * sum (fun i => x i * c I i) (indices I)) by ring. rewrite <- sum_scale. apply sum_ext. intros; ring. }
    assert (E2 : forall x, sum (fun i => x i * 1) (indices I) = count I x) by (intros; apply sum_ext; intros; ring).
    rewrite !E1, !E2 in K. rewrite count_kept in K by auto. unfold spend at 2 in K. rewrite kept_sum in K by auto.
    cbn [length total] in K. rewrite S_INR in K. unfold count in K. rewrite F in K.
    assert (INR (length (cwmp reals I)) + 1 <= INR n) by (rewrite <- S_INR; apply le_INR; auto).
    assert (- spend I w - - (c I s + sum (c I) (cwmp reals I)) <= - c I s * (INR n - (INR (length (cwmp reals I)) + 1))); [|nra].
    apply K; [apply mask_fractional, Mw| |].
    - intros i L [<-|Y]; [lra|]. destruct (Before i Y). lra.
    - intros i L Y. destruct (Out i L) as [Z|[Z|Z]]; [cbn in Y; tauto|cbn in Y; intros ->; tauto| | |].
      + right. unfold w. destruct Rlt_dec; [lra|auto].
      + right. unfold w. destruct Rlt_dec; [apply A; auto|auto].
      + left. destruct (After i Z). lra. }
  rewrite <- Vw. apply (top_count I (p I) (p I s)); [lra|apply mask_fractional, Mw| | |].
  - intros i L Y. apply Before, Y.
  - intros i L Y. destruct (Nat.eq_dec i s) as [->|Ne]; [left; lra|].
    destruct (Out i L Y Ne) as [Z|[Z|Z]]; [left; lra| |left; apply After, Z].
    right. unfold w. destruct Rlt_dec; [apply A; auto|auto].
  - rewrite count_kept by apply prefix_of_order. exact N.
Qed.
