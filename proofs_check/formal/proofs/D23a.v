(* D23a. Safety has a price, and it is small.

   The relaxation with p(z, l) >= theta p(T, l) in every layer l (equivalently: theta times Top-K for every
   weighing of the layers) is solved by a reserve in each layer and one threshold lambda, scores of starved
   layers raised; V(theta) >= (1 - theta) V_CWMP + theta p(T), and the reserves cost at most theta E_T.

   Assumes: T is Top-K under the same budget, 0 <= theta <= 1. *)
From Coq Require Import Reals Lra Psatz List Bool Sorted Permutation.
From CWMP Require Import Relaxation Groups.
Import ListNotations.
Open Scope R_scope.

(* What a candidate retains in layer l. *)
Definition part (I : instance R) (layer : nat -> nat) (z : nat -> R) (l : nat) : R :=
  sum (fun i => z i * p I i) (on layer (d I) l).
Definition safe (I : instance R) (layer : nat -> nat) (layers : nat) (theta : R) (z : nat -> R) : Prop :=
  forall l, In l (seq 0 layers) -> theta * part I layer (kept (top_k reals I)) l <= part I layer z l.
Definition feasible (I : instance R) (z : nat -> R) := fractional I z /\ affordable I z /\ spend I z <= B I.

Definition claim : Prop := forall I layer layers theta, valid I -> 0 <= theta <= 1 ->
  (forall i, In i (indices I) -> (layer i < layers)%nat) ->
  let T := kept (top_k reals I) in
  (forall z, safe I layer layers theta z <-> forall a, (forall l, 0 <= a l) ->
     theta * sum (fun l => a l * part I layer T l) (seq 0 layers) <= sum (fun l => a l * part I layer z l) (seq 0 layers)) /\
  exists reserve z nu lam, 0 <= lam /\ (forall l, 0 < nu l) /\ fractional I reserve /\ affordable I reserve /\
    (* in layer l the reserve is what is denser than nu l, until it has theta of what Top-K has there *)
    (forall i, In i (indices I) -> c I i <= B I ->
       (nu (layer i) * c I i < p I i -> reserve i = 1) /\ (p I i < nu (layer i) * c I i -> reserve i = 0)) /\
    (forall l, part I layer reserve l = theta * part I layer T l) /\ spend I reserve <= theta * spend I T /\
    (* beyond the reserves one threshold decides; nothing that is safe retains more *)
    (forall i, In i (indices I) -> c I i <= B I -> reserve i <= z i /\
       (lam * c I i < p I i -> z i = 1) /\ (p I i < lam * c I i -> z i = reserve i)) /\
    feasible I z /\ safe I layer layers theta z /\
    (forall x, feasible I x -> safe I layer layers theta x -> value I x <= value I z) /\
    (* it is CWMP's rule with the scores of starved layers raised, and those have their reserves alone *)
    (let raise l := Rmax 1 (lam / nu l) in
     (forall i, In i (indices I) -> c I i <= B I ->
        (lam * c I i < raise (layer i) * p I i -> z i = 1) /\ (raise (layer i) * p I i < lam * c I i -> z i = 0)) /\
     forall l, 1 < raise l -> part I layer z l = theta * part I layer T l) /\
    (1 - theta) * value I (relaxed I) + theta * value I T <= value I z.

(* --- items in order until the room is used up, the last one by a share --- *)

Section Greedy.
Variables (key w : nat -> R).
Fixpoint taken (room : R) (l : list nat) (i : nat) : R :=
  match l with
  | [] => 0
  | j :: r => if Rle_dec (w j) room then (if Nat.eq_dec i j then 1 else taken (room - w j) r i)
              else (if Nat.eq_dec i j then room / w j else 0)
  end.
Fixpoint level (top room : R) (l : list nat) : R :=
  match l with [] => top | j :: r => if Rle_dec (w j) room then level (key j) (room - w j) r else key j end.

Lemma taken_out room l i : ~ In i l -> taken room l i = 0.
Proof.
  revert room. induction l as [|j l IH]; intros room N; cbn; [auto|].
  destruct Rle_dec, (Nat.eq_dec i j) as [->|E]; try (exfalso; apply N; now left); auto. apply IH. intros L. apply N. now right.
Qed.

Lemma greedy l : forall top room, 0 <= room -> 0 < top -> NoDup l -> descending key l ->
  (forall i, In i l -> 0 < w i /\ 0 < key i <= top) ->
  0 < level top room l <= top /\
  (forall i, In i l -> 0 <= taken room l i <= 1 /\ (level top room l < key i -> taken room l i = 1) /\
     (key i < level top room l -> taken room l i = 0)) /\
  sum (fun i => taken room l i * w i) l <= room /\
  (sum (fun i => taken room l i * w i) l = room \/ forall i, In i l -> taken room l i = 1).
Proof.
  induction l as [|j l IH]; intros top room R0 T N S H.
  - cbn. split; [lra|]. split; [intros ? []|]. split; [lra|]. right. intros ? [].
  - apply NoDup_cons_iff in N as [Nj N]. apply StronglySorted_inv in S as [S F]. rewrite Forall_forall in F.
    destruct (H j (or_introl eq_refl)) as [Wj Kj].
    assert (Other : forall i, In i l -> i <> j) by (intros i L ->; tauto).
    cbn [level taken total add reals]. destruct (Rle_dec (w j) room) as [G|G].
    + destruct (IH (key j) (room - w j)) as (L1 & L2 & L3 & L4); auto; try lra.
      { intros i L. destruct (H i (or_intror L)). specialize (F i L). lra. }
      assert (E : sum (fun i => (if Nat.eq_dec i j then 1 else taken (room - w j) l i) * w i) l =
        sum (fun i => taken (room - w j) l i * w i) l).
      { apply sum_ext. intros i L. destruct (Nat.eq_dec i j) as [X|]; [now apply Other in X|auto]. }
      cbn in E |- *. rewrite E. destruct (Nat.eq_dec j j) as [_|]; [|tauto]. split; [lra|]. split; [|split; [lra|]].
      * intros i [<-|L].
        -- destruct (Nat.eq_dec j j); [|tauto]. split; [lra|]. split; [auto|]. intros; lra.
        -- destruct (Nat.eq_dec i j) as [X|]; [now apply Other in X|]. now apply L2.
      * destruct L4 as [L4|L4]; [left; lra|right]. intros i [<-|L]; destruct Nat.eq_dec as [X|X]; auto; tauto.
    + assert (E : sum (fun i => (if Nat.eq_dec i j then room / w j else 0) * w i) l = 0).
      { rewrite (sum_ext _ (fun _ => 0)); [apply sum_zero|]. intros i L. destruct (Nat.eq_dec i j) as [X|]; [now apply Other in X|ring]. }
      cbn in E |- *. rewrite E. destruct (Nat.eq_dec j j) as [_|]; [|tauto].
      assert (Q : room / w j * w j = room) by (field; lra).
      assert (0 <= room / w j <= 1).
      { split; [apply Rmult_le_pos; [lra|left; now apply Rinv_0_lt_compat]|]. apply Rmult_le_reg_r with (w j); lra. }
      split; [lra|]. split; [|split; [lra|left; lra]]. intros i [<-|L].
      * destruct (Nat.eq_dec j j); [|tauto]. split; [lra|]. split; intros; lra.
      * destruct (Nat.eq_dec i j) as [X|]; [now apply Other in X|]. specialize (F i L). split; [lra|]. split; intros; lra.
Qed.
End Greedy.

Lemma sum_sub f small big : NoDup small -> incl small big -> NoDup big -> (forall i, In i big -> ~ In i small -> f i = 0) ->
  sum f big = sum f small.
Proof.
  intros N C A Z. rewrite <- (sum_kept f small big) by auto. apply sum_ext. intros i L. unfold kept.
  destruct in_dec as [Y|Y]; [ring|]. rewrite (Z i L Y). ring.
Qed.

Section Safe.
Variables (I : instance R) (layer : nat -> nat) (layers : nat) (theta : R).
Hypothesis V : valid I.
Hypothesis H : 0 <= theta <= 1.
Hypothesis Lay : forall i, In i (indices I) -> (layer i < layers)%nat.
Let T := kept (top_k reals I).

Definition top : R := 1 + sum (density I) (eligible reals I).
Definition ordered (l : nat) : list nat := sort (denser reals I) (filter (fun i => Nat.eqb (layer i) l) (eligible reals I)).
Definition need (l : nat) : R := theta * part I layer T l.
Definition reserve (i : nat) : R := taken (p I) (need (layer i)) (ordered (layer i)) i.
Definition nu (l : nat) : R := level (density I) (p I) top (need l) (ordered l).

Lemma eligible_nodup : NoDup (eligible reals I).
Proof. apply NoDup_filter, seq_NoDup. Qed.

Lemma density_top i : In i (eligible reals I) -> 0 < density I i <= top.
Proof.
  assert (P : forall j, In j (eligible reals I) -> 0 < density I j).
  { intros j L. apply eligible_spec in L as (L & Q & _). destruct (proj2 V j L). unfold density. now apply Rdiv_lt_0_compat. }
  intros L. split; [auto|]. unfold top. pose proof (sum_one (density I) (eligible reals I) i) as G.
  assert (density I i <= sum (density I) (eligible reals I)); [|lra]. apply G; auto. intros j Lj. now apply Rlt_le, P.
Qed.

Lemma top_positive : 0 < top.
Proof.
  unfold top. assert (0 <= sum (density I) (eligible reals I)); [|lra]. apply sum_nonneg. intros i L.
  destruct (density_top i L). lra.
Qed.

Lemma sorted_by_density l : incl l (eligible reals I) -> descending (density I) (sort (denser reals I) l).
Proof.
  intros C. apply sort_sorted. intros i j Li Lj. apply C, eligible_spec in Li as [Li _].
  apply C, eligible_spec in Lj as [Lj _]. unfold denser. rewrite leb_true. apply density_le; apply V; auto.
Qed.

Lemma sort_nodup first l : NoDup l -> NoDup (sort first l).
Proof. apply Permutation_NoDup. symmetry. apply sort_perm. Qed.

Lemma ordered_in l i : In i (ordered l) <-> In i (eligible reals I) /\ layer i = l.
Proof. unfold ordered. rewrite sort_in, filter_In, Nat.eqb_eq. reflexivity. Qed.
Lemma ordered_nodup l : NoDup (ordered l).
Proof. apply sort_nodup, NoDup_filter, eligible_nodup. Qed.
Lemma ordered_on l : incl (ordered l) (on layer (d I) l).
Proof. intros i L. apply ordered_in in L as [L E]. apply eligible_spec in L as [L _]. now apply in_on. Qed.

Lemma T_range i : 0 <= T i <= 1.
Proof. unfold T. destruct (kept_01 (top_k reals I) i); lra. Qed.
Lemma T_out i : ~ In i (eligible reals I) -> T i = 0.
Proof. intros N. apply kept_out. intros L. apply N. apply prefix_incl in L. unfold by_score in L. now apply sort_in in L. Qed.

Lemma part_ordered x l : (forall i, In i (indices I) -> ~ In i (eligible reals I) -> x i = 0) ->
  part I layer x l = sum (fun i => x i * p I i) (ordered l).
Proof.
  intros Z. apply sum_sub; [apply ordered_nodup|apply ordered_on|apply NoDup_filter, seq_NoDup|].
  intros i L N. apply in_on in L as [L E]. rewrite Z; [ring|exact L|]. intros G. apply N, ordered_in. auto.
Qed.

Lemma part_T_range l : 0 <= part I layer T l.
Proof.
  apply sum_nonneg. intros i L. apply in_on in L as [L _]. pose proof (T_range i). destruct (proj2 V i L). nra.
Qed.
Lemma need_nonneg l : 0 <= need l.
Proof. unfold need. pose proof (part_T_range l). nra. Qed.

Lemma reserve_greedy l :
  0 < nu l <= top /\
  (forall i, In i (ordered l) -> 0 <= reserve i <= 1 /\ (nu l < density I i -> reserve i = 1) /\
     (density I i < nu l -> reserve i = 0)) /\
  sum (fun i => reserve i * p I i) (ordered l) = need l.
Proof.
  assert (E : forall i, In i (ordered l) -> taken (p I) (need l) (ordered l) i = reserve i).
  { intros i L. apply ordered_in in L as [_ <-]. reflexivity. }
  destruct (greedy (density I) (p I) (ordered l) top (need l)) as (L1 & L2 & L3 & L4).
  - apply need_nonneg.
  - apply top_positive.
  - apply ordered_nodup.
  - apply sorted_by_density. intros i L. now apply filter_In in L.
  - intros i L. apply ordered_in in L as [L _]. split; [|now apply density_top]. now apply eligible_spec in L.
  - fold (nu l) in L1, L2. split; [exact L1|].
    assert (S : sum (fun i => taken (p I) (need l) (ordered l) i * p I i) (ordered l) = sum (fun i => reserve i * p I i) (ordered l)).
    { apply sum_ext. intros i L. now rewrite E. }
    rewrite S in L3, L4. split.
    + intros i L. rewrite <- E by exact L. now apply L2.
    + destruct L4 as [L4|L4]; [exact L4|]. apply Rle_antisym; [exact L3|].
      assert (G : part I layer T l <= sum (fun i => reserve i * p I i) (ordered l)).
      { rewrite part_ordered by (intros; now apply T_out). apply sum_le. intros i L. rewrite <- E, L4 by exact L.
        pose proof (T_range i). apply ordered_in in L as [L _]. apply eligible_spec in L as (_ & P & _). nra. }
      pose proof (part_T_range l). unfold need. nra.
Qed.

Lemma nu_positive l : 0 < nu l.
Proof. apply reserve_greedy. Qed.

Lemma reserve_out i : ~ In i (eligible reals I) -> reserve i = 0.
Proof. intros N. apply taken_out. intros L. apply ordered_in in L. tauto. Qed.
Lemma reserve_range i : 0 <= reserve i <= 1.
Proof.
  destruct (in_dec Nat.eq_dec i (eligible reals I)) as [Y|N]; [|rewrite reserve_out by auto; lra].
  destruct (reserve_greedy (layer i)) as (_ & G & _). apply G, ordered_in. auto.
Qed.

Lemma worth i lam : In i (indices I) -> (lam * c I i < p I i <-> lam < density I i) /\ (p I i < lam * c I i <-> density I i < lam).
Proof. intros L. destruct (proj2 V i L) as [_ C]. rewrite <- (density_times I i C). split; split; intros; nra. Qed.

Lemma is_eligible i : In i (indices I) -> c I i <= B I -> 0 < p I i -> In i (eligible reals I).
Proof. intros. apply eligible_spec. auto. Qed.

Lemma reserve_cuts i : In i (indices I) -> c I i <= B I ->
  (nu (layer i) * c I i < p I i -> reserve i = 1) /\ (p I i < nu (layer i) * c I i -> reserve i = 0).
Proof.
  intros L F. destruct (reserve_greedy (layer i)) as (N & G & _). destruct (proj2 V i L) as [P C]. split; intros Q.
  - assert (Y : In i (eligible reals I)) by (apply is_eligible; auto; nra). apply (G i); [now apply ordered_in|].
    now apply (worth i (nu (layer i)) L).
  - destruct (in_dec Nat.eq_dec i (eligible reals I)) as [Y|Y]; [|now apply reserve_out].
    apply (G i); [now apply ordered_in|]. now apply (worth i (nu (layer i)) L).
Qed.

Lemma reserve_part l : part I layer reserve l = theta * part I layer T l.
Proof. rewrite part_ordered by (intros; now apply reserve_out). apply reserve_greedy. Qed.

Lemma by_layer f : sum f (indices I) = sum (fun l => sum f (on layer (d I) l)) (seq 0 layers).
Proof. apply sum_by_group. exact Lay. Qed.

Lemma reserve_affordable : affordable I reserve.
Proof. intros i L D. apply reserve_out. intros E. apply eligible_spec in E. lra. Qed.

(* The reserves cost no more than theta of what Top-K spends. *)
Lemma reserve_spend : spend I reserve <= theta * spend I T.
Proof.
  unfold spend. rewrite <- sum_scale, !by_layer. apply sum_le. intros l _.
  assert (G : sum (fun i => theta * T i * p I i - reserve i * p I i) (on layer (d I) l) <=
    nu l * sum (fun i => theta * (T i * c I i) - reserve i * c I i) (on layer (d I) l)).
  { rewrite <- sum_scale. apply sum_le. intros i L. apply in_on in L as [L <-]. pose proof (T_range i).
    destruct (Rle_dec (c I i) (B I)) as [F|F].
    - destruct (reserve_cuts i L F) as [C1 C2]. pose proof (reserve_range i).
      assert (0 <= theta * T i <= 1) by nra.
      destruct (Rlt_dec (nu (layer i) * c I i) (p I i)) as [X|X]; [rewrite (C1 X); nra|].
      destruct (Rlt_dec (p I i) (nu (layer i) * c I i)) as [Y|Y]; [rewrite (C2 Y); nra|].
      replace (p I i) with (nu (layer i) * c I i) by lra. right. ring.
    - rewrite (reserve_affordable i L) by lra. rewrite T_out; [lra|]. intros E. apply eligible_spec in E. lra. }
  rewrite !sum_minus in G.
  rewrite (sum_ext (fun i => theta * T i * p I i) (fun i => theta * (T i * p I i))) in G by (intros; ring).
  rewrite (sum_scale theta (fun i => T i * p I i)) in G.
  fold (part I layer T l) (part I layer reserve l) in G. rewrite reserve_part in G. pose proof (nu_positive l). nra.
Qed.

Lemma T_spend : spend I T <= B I.
Proof. unfold T, spend. rewrite kept_sum by apply prefix_of_order. apply prefix_fits, V. Qed.
Lemma room_left : spend I reserve <= B I.
Proof.
  pose proof reserve_spend. pose proof T_spend. assert (0 <= spend I T); [|nra].
  apply sum_nonneg. intros i L. pose proof (T_range i). destruct (proj2 V i L). nra.
Qed.

(* --- beyond the reserves: the rest by one threshold --- *)

Definition rest : list nat := sort (denser reals I) (filter (fun i => if Rlt_dec (reserve i) 1 then true else false) (eligible reals I)).
Definition remains (i : nat) : R := (1 - reserve i) * c I i.
Definition more (i : nat) : R := taken remains (B I - spend I reserve) rest i.
Definition z (i : nat) : R := reserve i + (1 - reserve i) * more i.

Lemma rest_in i : In i rest <-> In i (eligible reals I) /\ reserve i < 1.
Proof.
  unfold rest. rewrite sort_in, filter_In. destruct (Rlt_dec (reserve i) 1); split; intros [A Q]; auto; try discriminate; lra.
Qed.
Lemma more_out i : ~ In i rest -> more i = 0.
Proof. apply taken_out. Qed.

Lemma more_greedy : exists lam, 0 <= lam /\
  (forall i, In i rest -> 0 <= more i <= 1 /\ (lam < density I i -> more i = 1) /\ (density I i < lam -> more i = 0)) /\
  sum (fun i => more i * remains i) rest <= B I - spend I reserve /\
  lam * (B I - spend I reserve - sum (fun i => more i * remains i) rest) = 0.
Proof.
  destruct (greedy (density I) remains rest top (B I - spend I reserve)) as (L1 & L2 & L3 & L4).
  - pose proof room_left. lra.
  - apply top_positive.
  - apply sort_nodup, NoDup_filter, eligible_nodup.
  - apply sorted_by_density. intros i L. now apply filter_In in L.
  - intros i L. apply rest_in in L as [L R1]. split; [|now apply density_top]. apply eligible_spec in L as (L & _).
    destruct (proj2 V i L). unfold remains. nra.
  - fold more in L2, L3, L4. destruct L4 as [L4|L4].
    + exists (level (density I) remains top (B I - spend I reserve) rest). repeat split; try apply L2; auto; try lra.
      change (sum (fun i => more i * remains i) rest = B I - spend I reserve) in L4. rewrite L4. ring.
    + exists 0. split; [lra|]. split; [|split; [exact L3|ring]]. intros i L. split; [now apply L2|]. split; [auto|].
      intros D. apply rest_in in L as [L _]. destruct (density_top i L). lra.
Qed.

Lemma more_range i : 0 <= more i <= 1.
Proof.
  destruct more_greedy as (lam & _ & G & _). destruct (in_dec Nat.eq_dec i rest) as [Y|N]; [now apply G|].
  rewrite more_out by auto. lra.
Qed.

Lemma z_range i : reserve i <= z i <= 1.
Proof. unfold z. pose proof (reserve_range i). pose proof (more_range i). nra. Qed.

Lemma z_affordable : affordable I z.
Proof.
  intros i L D. unfold z. rewrite (reserve_affordable i L D), more_out; [ring|]. intros R0. apply rest_in in R0 as [R0 _].
  apply eligible_spec in R0. lra.
Qed.

Lemma z_spend : spend I z = spend I reserve + sum (fun i => more i * remains i) rest.
Proof.
  unfold spend, z, remains. rewrite (sum_ext _ (fun i => reserve i * c I i + more i * ((1 - reserve i) * c I i))) by (intros; ring).
  rewrite sum_plus. f_equal. apply sum_sub.
  - apply sort_nodup, NoDup_filter, eligible_nodup.
  - intros i L. apply rest_in in L as [L _]. now apply eligible_spec in L.
  - apply seq_NoDup.
  - intros i _ N. rewrite more_out by auto. ring.
Qed.

Lemma z_safe : safe I layer layers theta z.
Proof.
  intros l _. fold T. rewrite <- reserve_part. apply sum_le. intros i L. apply in_on in L as [L _].
  destruct (proj2 V i L). pose proof (z_range i). nra.
Qed.

Section Price.
Variable lam : R.
Hypothesis L0 : 0 <= lam.
Hypothesis G : forall i, In i rest -> 0 <= more i <= 1 /\ (lam < density I i -> more i = 1) /\ (density I i < lam -> more i = 0).
Hypothesis Slack : lam * (B I - spend I reserve - sum (fun i => more i * remains i) rest) = 0.

Lemma z_cuts i : In i (indices I) -> c I i <= B I ->
  (lam * c I i < p I i -> z i = 1) /\ (p I i < lam * c I i -> z i = reserve i).
Proof.
  intros L F. destruct (proj2 V i L) as [P C]. split; intros Q.
  - assert (Y : In i (eligible reals I)) by (apply is_eligible; auto; nra). unfold z.
    destruct (Rlt_dec (reserve i) 1) as [R1|R1].
    + destruct (G i) as (_ & M & _); [now apply rest_in|]. rewrite M; [ring|]. now apply (worth i lam L).
    + pose proof (reserve_range i). replace (reserve i) with 1 by lra. ring.
  - unfold z. destruct (in_dec Nat.eq_dec i rest) as [Y|N]; [|rewrite more_out by auto; ring].
    destruct (G i Y) as (_ & _ & M). rewrite M; [ring|]. now apply (worth i lam L).
Qed.

Let raise (l : nat) : R := Rmax 1 (lam / nu l).

Lemma raise_cases l : (lam <= nu l /\ raise l = 1) \/ (nu l < lam /\ raise l = lam / nu l /\ 1 < raise l).
Proof.
  pose proof (nu_positive l) as N. unfold raise. destruct (Rle_dec lam (nu l)) as [X|X]; [left|right].
  - split; [exact X|]. apply Rmax_left. apply Rmult_le_reg_r with (nu l); [exact N|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
  - apply Rnot_le_lt in X. assert (Y : 1 < lam / nu l).
    { apply Rmult_lt_reg_r with (nu l); [exact N|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
    rewrite Rmax_right by lra. auto.
Qed.

Lemma raised_cuts i : In i (indices I) -> c I i <= B I ->
  (lam * c I i < raise (layer i) * p I i -> z i = 1) /\ (raise (layer i) * p I i < lam * c I i -> z i = 0).
Proof.
  intros L F. destruct (z_cuts i L F) as [Z1 Z2], (reserve_cuts i L F) as [R1 R2]. destruct (proj2 V i L) as [P C].
  pose proof (nu_positive (layer i)) as N. pose proof (z_range i) as Zr. pose proof (reserve_range i) as Rr.
  destruct (raise_cases (layer i)) as [[X ->]|(X & -> & _)].
  - rewrite Rmult_1_l. split; [exact Z1|]. intros Q. rewrite (Z2 Q). apply R2. nra.
  - assert (E : forall x y, lam * x < lam / nu (layer i) * y <-> nu (layer i) * x < y).
    { intros x y. replace (lam * x) with (lam / nu (layer i) * (nu (layer i) * x)) by (field; lra).
      assert (0 < lam / nu (layer i)) by (apply Rdiv_lt_0_compat; lra). split; intros Q; nra. }
    assert (E' : forall x y, lam / nu (layer i) * y < lam * x <-> y < nu (layer i) * x).
    { intros x y. replace (lam * x) with (lam / nu (layer i) * (nu (layer i) * x)) by (field; lra).
      assert (0 < lam / nu (layer i)) by (apply Rdiv_lt_0_compat; lra). split; intros Q; nra. }
    rewrite E, E'. split; intros Q.
    + specialize (R1 Q). lra.
    + rewrite Z2 by nra. now apply R2.
Qed.

Lemma starved l : 1 < raise l -> part I layer z l = theta * part I layer T l.
Proof.
  intros X. destruct (raise_cases l) as [[_ E]|(X' & _ & _)]; [lra|]. rewrite <- reserve_part. apply sum_ext.
  intros i L. apply in_on in L as [L El]. subst l. f_equal. destruct (proj2 V i L) as [_ C].
  destruct (Rle_dec (c I i) (B I)) as [F|F]; [|rewrite (z_affordable i L), (reserve_affordable i L) by lra; reflexivity].
  destruct (Rlt_dec (p I i) (lam * c I i)) as [Q|Q]; [now apply z_cuts|].
  pose proof (z_range i). destruct (reserve_cuts i L F) as [R1 _]. rewrite R1 in * by nra. lra.
Qed.

Lemma z_best x : feasible I x -> safe I layer layers theta x -> value I x <= value I z.
Proof.
  intros (Fx & Ax & Sx) Safe. assert (Q : sum (fun i => x i * p I i - z i * p I i) (indices I) <=
    lam * sum (fun i => x i * c I i - z i * c I i) (indices I)).
  { rewrite !by_layer, <- sum_scale. apply sum_le. intros l Ll.
    assert (P1 : raise l * sum (fun i => x i * p I i - z i * p I i) (on layer (d I) l) <=
      lam * sum (fun i => x i * c I i - z i * c I i) (on layer (d I) l)).
    { rewrite <- !sum_scale. apply sum_le. intros i L. apply in_on in L as [L <-]. specialize (Fx i L).
      destruct (Rle_dec (c I i) (B I)) as [F|F]; [|rewrite (z_affordable i L), (Ax i L) by lra; lra].
      destruct (raised_cuts i L F) as [C1 C2]. pose proof (z_range i). pose proof (reserve_range i).
      replace (raise (layer i) * (x i * p I i - z i * p I i)) with ((x i - z i) * (raise (layer i) * p I i)) by ring.
      replace (lam * (x i * c I i - z i * c I i)) with ((x i - z i) * (lam * c I i)) by ring.
      destruct (Rlt_dec (lam * c I i) (raise (layer i) * p I i)) as [X|X]; [rewrite (C1 X); nra|].
      destruct (Rlt_dec (raise (layer i) * p I i) (lam * c I i)) as [Y|Y]; [rewrite (C2 Y); nra|].
      replace (raise (layer i) * p I i) with (lam * c I i) by lra. lra. }
    rewrite sum_minus in P1 |- *. fold (part I layer x l) (part I layer z l) in *. specialize (Safe l Ll). fold T in Safe.
    destruct (raise_cases l) as [[_ E]|(_ & _ & X)]; [rewrite E in P1; lra|]. pose proof (starved l X) as St. nra. }
  rewrite !sum_minus in Q. fold (value I x) (value I z) (spend I x) (spend I z) in Q.
  assert (lam * (spend I x - spend I z) <= lam * (B I - spend I z)) by (apply Rmult_le_compat_l; lra).
  assert (lam * (B I - spend I z) = 0) by (rewrite z_spend, <- Slack; ring). lra.
Qed.
End Price.

Lemma between : exists x, feasible I x /\ safe I layer layers theta x /\
  value I x = (1 - theta) * value I (relaxed I) + theta * value I T.
Proof.
  exists (fun i => (1 - theta) * relaxed I i + theta * T i).
  pose proof (relaxed_fractional I V) as R1. pose proof (relaxed_affordable I V) as R2. pose proof (relaxed_fits I V) as R3.
  assert (E : forall f l, sum (fun i => ((1 - theta) * relaxed I i + theta * T i) * f i) l =
    (1 - theta) * sum (fun i => relaxed I i * f i) l + theta * sum (fun i => T i * f i) l).
  { intros f l. rewrite <- !sum_scale, <- sum_plus. apply sum_ext. intros; ring. }
  split; [split; [|split]|split].
  - intros i L. specialize (R1 i L). pose proof (T_range i). nra.
  - intros i L D. rewrite (R2 i L D), T_out; [ring|]. intros K. apply eligible_spec in K. lra.
  - unfold spend in *. rewrite E. pose proof T_spend as Ts. unfold spend in Ts. nra.
  - intros l L. unfold part. rewrite E. fold T.
    assert (0 <= sum (fun i => relaxed I i * p I i) (on layer (d I) l)); [|nra].
    apply sum_nonneg. intros i K. apply in_on in K as [K _]. specialize (R1 i K). destruct (proj2 V i K). nra.
  - apply E.
Qed.
End Safe.

Theorem proved : claim.
Proof.
  intros I layer layers theta V H Lay T. split.
  - intros z. split.
    + intros S a A. rewrite <- sum_scale. apply sum_le. intros l L. specialize (S l L). specialize (A l). fold T in S.
      replace (theta * (a l * part I layer T l)) with (a l * (theta * part I layer T l)) by ring.
      now apply Rmult_le_compat_l.
    + intros A l L. specialize (A (kept [l])). fold T. rewrite !sum_kept in A; try (repeat constructor; tauto);
        try apply seq_NoDup; try (intros ? [<-|[]]; exact L).
      cbn in A. rewrite !Rplus_0_r in A. apply A. intros k. destruct (kept_01 [l] k); lra.
  - destruct (more_greedy I layer layers theta V H Lay) as (lam & L0 & G & F & Slack).
    exists (reserve I layer theta), (z I layer theta), (nu I layer theta), lam.
    pose proof (fun i => reserve_range I layer layers theta V H i) as Rr. pose proof (fun i => z_range I layer layers theta V H Lay i) as Zr.
    split; [exact L0|]. split; [apply (nu_positive I layer theta V H)|]. split; [intros i _; apply Rr|].
    split; [apply (reserve_affordable I layer layers theta H)|]. split; [apply (reserve_cuts I layer layers theta V H)|].
    split; [apply (reserve_part I layer layers theta V H)|]. split; [now apply (reserve_spend I layer layers)|].
    split; [intros i L C; split; [apply Zr|now apply (z_cuts I layer layers theta V H lam)]|].
    split; [split; [|split]|].
    + intros i L. specialize (Zr i). specialize (Rr i). lra.
    + now apply (z_affordable I layer layers theta H).
    + rewrite (z_spend I layer theta H). lra.
    + split; [now apply z_safe|]. split; [now apply (z_best I layer layers theta V H Lay lam)|].
      split; [split; [now apply (raised_cuts I layer layers theta V H Lay lam)|now apply (starved I layer layers theta V H Lay lam)]|].
      destruct (between I layer layers theta V H) as (x & X1 & X2 & E).
      apply Rle_trans with (value I x); [right; symmetry; exact E|]. now apply (z_best I layer layers theta V H Lay lam).
Qed.
