(* D22b. ... and a block short at a given budget.

   OPT - p(M) <= lambda (B - cost(M)), lambda the score per cost of the block (or item) that does not fit: less than
   that block.

   Assumes: c_i, f_j >= 0. *)
From Coq Require Import Reals Lra Psatz List Bool Arith Lia Permutation Sorted.
From CWMP Require Import PagedSelector Prices Order Groups.
From CWMP Require Integers.
From CWMP Require Import D22a.
Import ListNotations.
Open Scope R_scope.

Definition holds (l : list nat) (i : nat) : bool := existsb (Nat.eqb i) l.

(* M is what the selector by page keeps, and e the block or item that does not fit. *)
Definition claim : Prop := forall I pages page f, 0 <= B I -> (forall j, 0 <= f j) ->
  (forall i, In i (indices I) -> 0 <= p I i /\ 0 <= c I i /\ (page i < pages)%nat) ->
  let M := holds (by_pages reals I pages page f) in
  let cost := cost (d I) pages (c I) page f in let score := score (d I) (p I) in
  let left := B I - cost M in
  0 <= left /\
  match critical_entry reals I pages page f with
  | Some e => let lam := worth reals I page f e / costing reals I page f e in
     (forall m, cost m <= B I -> score m - score M <= lam * left) /\ lam * left < worth reals I page f e
  | None => forall m, cost m <= B I -> score m <= score M
  end.

Lemma ratios s x t y u z : 0 <= s -> 0 < t -> 0 <= u -> t * x <= s * y -> u * y <= t * z -> u * x <= s * z.
Proof.
  intros S T U H G. apply Rmult_le_reg_l with t; [exact T|]. replace (t * (u * x)) with (u * (t * x)) by ring.
  replace (t * (s * z)) with (s * (t * z)) by ring. apply Rle_trans with (u * (s * y)); [now apply Rmult_le_compat_l|].
  replace (u * (s * y)) with (s * (u * y)) by ring. now apply Rmult_le_compat_l.
Qed.

Lemma shifted m k : forall a, seq (m + a) k = map (fun j => (m + j)%nat) (seq a k).
Proof. induction k as [|k IH]; intros a; cbn; [auto|]. now rewrite <- IH, Nat.add_succ_r. Qed.

Section Proof.
Variables (I : instance R) (pages : nat) (page : nat -> nat) (f : nat -> R).
Hypothesis B0 : 0 <= B I.
Hypothesis F : forall j, 0 <= f j.
Hypothesis V : forall i, In i (indices I) -> 0 <= p I i /\ 0 <= c I i /\ (page i < pages)%nat.
Let n := d I.
Notation may := (payable reals I page f).
Notation ranked := (ranked reals I page f).
Notation block := (block reals I page f).
Notation worth := (worth reals I page f).
Notation costing := (costing reals I page f).
Notation members := (members reals I page f).
Notation entries := (entries reals I pages page f).
Notation fitting := (fitting reals I pages page f).
Notation kept_items := (by_pages reals I pages page f).

Lemma may_spec i : In i may <-> In i (indices I) /\ 0 < p I i /\ c I i <= B I - f (page i).
Proof. unfold payable. rewrite filter_In, andb_true_iff, negb_true_iff, leb_true, leb_false. reflexivity. Qed.
Lemma ranked_in j i : In i (ranked j) <-> In i may /\ page i = j.
Proof. unfold PagedSelector.ranked, lying. rewrite sort_in, filter_In, Nat.eqb_eq. reflexivity. Qed.
Lemma ranked_item j i : In i (ranked j) -> In i (indices I) /\ 0 < p I i /\ 0 <= c I i /\ c I i <= B I - f j /\ page i = j.
Proof. intros L. apply ranked_in in L as [L <-]. apply may_spec in L as (L & P & C). destruct (V i L) as (_ & Q & _). auto. Qed.
Lemma may_nodup : NoDup may.
Proof. apply NoDup_filter, seq_NoDup. Qed.
Lemma ranked_nodup j : NoDup (ranked j).
Proof.
  apply (Permutation_NoDup (l := lying page j may)); [symmetry; apply sort_perm|]. apply NoDup_filter, may_nodup.
Qed.

(* Densest first: p_j c_i <= p_i c_j for i before j. *)
Definition denser_first := StronglySorted (fun i j => p I j * c I i <= p I i * c I j).
Lemma ranked_sorted j : denser_first (ranked j).
Proof.
  assert (S : Integers.in_sequence (denser reals I) (ranked j)).
  { apply Integers.sort_sorted.
    - intros a b _ _. unfold denser. rewrite leb_true, leb_false. lra.
    - intros a b k La Lb Lk. unfold denser. rewrite !leb_true. intros H1 H2. unfold lying in *. apply filter_In in La as [La _], Lb as [Lb _], Lk as [Lk _].
      apply may_spec in La as (La & Pa & _), Lb as (Lb & Pb & _), Lk as (Lk & Pk & _).
      destruct (V a La) as (_ & Ca & _), (V b Lb) as (_ & Cb & _), (V k Lk) as (_ & Ck & _).
      apply (ratios (p I a) (c I a) (p I b) (c I b)); auto; lra. }
  unfold Integers.in_sequence in S. unfold denser_first. revert S. generalize (ranked j). intros l0 S. induction S as [|i l S IH G]; constructor; [exact IH|].
  eapply Forall_impl; [|exact G]. intros k. unfold denser. now rewrite leb_true.
Qed.

(* --- growing a block --- *)

Notation grown := (grown reals I).
Definition fine (l : list nat) := denser_first l /\ forall i, In i l -> 0 < p I i /\ 0 <= c I i.
Lemma fine_tail i l : fine (i :: l) -> fine l /\ 0 < p I i /\ 0 <= c I i /\ forall k, In k l -> p I k * c I i <= p I i * c I k.
Proof.
  intros [S H]. apply StronglySorted_inv in S as [S G]. rewrite Forall_forall in G. destruct (H i (or_introl eq_refl)).
  split; [split; [exact S|]|]; auto. intros k L. apply H. now right.
Qed.
Lemma ranked_fine j : fine (ranked j).
Proof. split; [apply ranked_sorted|]. intros i L. apply ranked_item in L. tauto. Qed.

Lemma grown_incl l : forall s x, incl (grown s x l) l.
Proof.
  induction l as [|i l IH]; intros s x; cbn; [intros ? []|]. destruct Rle_dec; [intros ? []|].
  intros k [->|L]; [now left|right]. eapply IH, L.
Qed.
Lemma grown_nodup l : forall s x, NoDup l -> NoDup (grown s x l).
Proof.
  induction l as [|i l IH]; intros s x N; cbn; [constructor|]. apply NoDup_cons_iff in N as [Ni N].
  destruct Rle_dec; [constructor|]. constructor; [|auto]. intros L. apply Ni. eapply grown_incl, L.
Qed.

(* Once an item is worth less than lam per joule, so are all after it. *)
Lemma all_below lam i l : 0 <= lam -> fine (i :: l) -> p I i < lam * c I i -> forall k, In k l -> p I k <= lam * c I k.
Proof.
  intros L0 G Q k Lk. destruct (fine_tail i l G) as (Gl & Pi & Ci & H). specialize (H k Lk).
  destruct (proj2 Gl k Lk) as [Pk Ck]. assert (0 < c I i) by nra. apply Rmult_le_reg_r with (c I i); nra.
Qed.
Lemma grown_below lam s x l : (forall k, In k l -> p I k <= lam * c I k) ->
  sum (p I) (grown s x l) <= lam * sum (c I) (grown s x l).
Proof. intros H. rewrite <- sum_scale. apply sum_le. intros k L. apply H. eapply grown_incl, L. Qed.

(* What is worth lam per joule as a block holds only items that are. *)
Lemma grown_dear lam l : forall s x, 0 <= lam -> 0 <= s -> 0 <= x -> fine l ->
  lam * (x + sum (c I) (grown s x l)) <= s + sum (p I) (grown s x l) -> forall i, In i (grown s x l) -> lam * c I i <= p I i.
Proof.
  induction l as [|i l IH]; intros s x L0 S0 X0 G H k L; [destruct L|]. cbn in L, H.
  destruct (fine_tail i l G) as (Gl & Pi & Ci & Hi). destruct Rle_dec as [N|N]; [destruct L|]. cbn in H, L.
  destruct (Rle_dec (lam * c I i) (p I i)) as [Y|Y].
  - destruct L as [<-|L]; [exact Y|]. apply (IH (s + p I i) (x + c I i)); auto; try lra.
  - exfalso. apply Rnot_le_lt in Y, N. pose proof (grown_below lam (s + p I i) (x + c I i) l (all_below lam i l L0 G Y)) as Q.
    assert (0 < c I i) by nra. assert (s < lam * x) by (apply Rmult_lt_reg_r with (c I i); nra). nra.
Qed.

(* What is worth at most lam per joule as a block holds all that is worth more, and that does not pay for the page. *)
Lemma grown_cheap lam l : forall s x, 0 <= lam -> 0 <= s -> 0 < x -> fine l ->
  s + sum (p I) (grown s x l) <= lam * (x + sum (c I) (grown s x l)) -> s + sum (plus (p I) (c I) lam) l <= lam * x.
Proof.
  assert (Z : forall l, (forall k, In k l -> p I k <= lam * c I k) -> sum (plus (p I) (c I) lam) l = 0).
  { intros k H. rewrite (sum_ext _ (fun _ => 0)); [apply sum_zero|]. intros i L. unfold plus. apply Rmax_left.
    specialize (H i L). lra. }
  induction l as [|i l IH]; intros s x L0 S0 X0 G H; [cbn in *; lra|]. cbn [PagedSelector.grown leb mul add reals] in H.
  destruct (fine_tail i l G) as (Gl & Pi & Ci & Hi). destruct (Rle_dec (p I i * x) (s * c I i)) as [N|N].
  - rewrite Z; [cbn in H; lra|]. cbn in H. assert (Q : p I i <= lam * c I i).
    { apply Rmult_le_reg_r with x; [exact X0|]. nra. }
    intros k [<-|L]; [exact Q|]. destruct (proj2 Gl k L) as [Pk Ck]. specialize (Hi k L).
    assert (0 < c I i) by nra. apply Rmult_le_reg_r with (c I i); nra.
  - apply Rnot_le_lt in N. cbn [total add reals] in H |- *. destruct (Rle_dec (lam * c I i) (p I i)) as [Y|Y].
    + specialize (IH (s + p I i) (x + c I i)). unfold plus at 1. rewrite Rmax_right by lra. cbn in IH, H |- *.
      assert (s + p I i + sum (plus (p I) (c I) lam) l <= lam * (x + c I i)) by (apply IH; auto; lra). cbn in *. lra.
    + apply Rnot_le_lt in Y. unfold plus at 1. rewrite Rmax_left by lra. rewrite (Z l (all_below lam i l L0 G Y)).
      assert (0 < c I i) by nra. assert (s < lam * x) by (apply Rmult_lt_reg_r with (c I i); nra). cbn. lra.
Qed.

(* What is left of the page is worth no more per joule than the block. *)
Lemma grown_rest l : forall s x, 0 <= s -> 0 <= x -> fine l -> forall i, In i l -> ~ In i (grown s x l) ->
  p I i * (x + sum (c I) (grown s x l)) <= (s + sum (p I) (grown s x l)) * c I i.
Proof.
  induction l as [|i l IH]; intros s x S0 X0 G k L N; [destruct L|]. cbn [PagedSelector.grown leb mul add reals] in N |- *.
  destruct (fine_tail i l G) as (Gl & Pi & Ci & Hi). destruct (Rle_dec (p I i * x) (s * c I i)) as [Q|Q].
  - cbn. rewrite !Rplus_0_r. destruct L as [<-|L]; [exact Q|]. specialize (Hi k L). destruct (proj2 Gl k L) as [Pk Ck].
    apply Rmult_le_reg_l with (p I i); [exact Pi|]. nra.
  - destruct L as [->|L]; [exfalso; apply N; now left|]. cbn [total add reals]. rewrite <- !Rplus_assoc.
    apply IH; auto; try lra. intros K. apply N. now right.
Qed.

(* --- blocks and items as entries --- *)

Lemma block_in j i : In i (block j) -> In i (ranked j).
Proof. apply grown_incl. Qed.
Lemma block_nodup j : NoDup (block j).
Proof. apply grown_nodup, ranked_nodup. Qed.
(* A page without a block costs nothing, or has no item that can be paid. *)
Lemma no_block j : block j = [] -> f j = 0 \/ ranked j = [].
Proof.
  unfold PagedSelector.block. destruct (ranked j) as [|i l] eqn:E; [auto|]. cbn. destruct Rle_dec as [Q|Q]; [|discriminate].
  intros _. left. assert (L : In i (ranked j)) by (rewrite E; now left). apply ranked_item in L as (_ & P & _).
  specialize (F j). nra.
Qed.
Lemma block_opens j : block j <> [] -> 0 < f j.
Proof.
  unfold PagedSelector.block. destruct (ranked j) as [|i l]; [cbn; tauto|]. cbn. destruct Rle_dec as [Q|Q]; [tauto|].
  intros _. specialize (F j). destruct F as [|E]; [auto|]. rewrite <- E in Q. lra.
Qed.

Lemma item_members i : In i (indices I) -> members i = [i] /\ worth i = p I i /\ costing i = c I i.
Proof.
  intros L. apply in_seq in L. unfold PagedSelector.worth, PagedSelector.costing, fee, PagedSelector.members.
  destruct (Nat.ltb_spec i (d I)); [|lia]. cbn. repeat split; lra.
Qed.
Lemma block_members j : members (n + j) = block j /\ worth (n + j) = sum (p I) (block j) /\
  costing (n + j) = f j + sum (c I) (block j).
Proof.
  unfold PagedSelector.worth, PagedSelector.costing, fee, PagedSelector.members, n.
  destruct (Nat.ltb_spec (d I + j) (d I)); [lia|]. rewrite Nat.add_comm, Nat.add_sub. auto.
Qed.

Definition listed (e : nat) : Prop :=
  (In e may /\ ~ In e (block (page e))) \/ exists j, (j < pages)%nat /\ e = (n + j)%nat /\ block j <> [].

Lemma of_page j e : In e (entries_of reals I page f j) <->
  (e = (n + j)%nat /\ block j <> []) \/ (In e may /\ page e = j /\ ~ In e (block j)).
Proof.
  unfold entries_of. cbv zeta. rewrite in_app_iff, filter_In, negb_true_iff. unfold lying. rewrite filter_In, Nat.eqb_eq.
  assert (H : existsb (Nat.eqb e) (block j) = false <-> ~ In e (block j)).
  { rewrite <- not_true_iff_false, existsb_exists. split; intros Q L; apply Q; [exists e; split; [auto|apply Nat.eqb_refl]|].
    destruct L as (k & L & E). apply Nat.eqb_eq in E. now subst. }
  rewrite H. fold n. destruct (block j) as [|b r]; cbn; intuition (try congruence; try discriminate; auto).
Qed.

Lemma entries_in e : In e entries <-> listed e.
Proof.
  unfold PagedSelector.entries. rewrite sort_in, in_flat_map. split.
  - intros (j & L & H). apply in_seq in L. apply of_page in H as [[E H]|(H & E & N)]; [right; exists j|left]; subst; auto.
    repeat split; auto; lia.
  - intros [[H N]|(j & L & E & H)].
    + exists (page e). split; [|apply of_page; auto]. apply may_spec in H as (H & _). destruct (V e H) as (_ & _ & G).
      apply in_seq. lia.
    + exists j. split; [apply in_seq; lia|]. apply of_page. auto.
Qed.

Lemma may_below e : In e may -> (e < n)%nat.
Proof. intros L. apply may_spec in L as [L _]. apply in_seq in L. unfold n. lia. Qed.

Lemma entries_nodup : NoDup entries.
Proof.
  apply (Permutation_NoDup (l := flat_map (entries_of reals I page f) (seq 0 pages))); [symmetry; apply sort_perm|].
  assert (One : forall j, NoDup (entries_of reals I page f j)).
  { intros j. unfold entries_of. cbv zeta. fold n. assert (N : NoDup (filter (fun i => negb (existsb (Nat.eqb i) (block j))) (lying page j may))).
    { apply NoDup_filter, NoDup_filter, may_nodup. }
    destruct (block j); [exact N|]. cbn [app]. constructor; [|exact N]. intros L. apply filter_In in L as [L _].
    apply filter_In in L as [L _]. apply may_below in L. lia. }
  assert (Nd := seq_NoDup pages 0). induction Nd as [|j l Nj Nd IH]; cbn; [constructor|].
  assert (App : forall a b : list nat, NoDup a -> NoDup b -> (forall x, In x a -> ~ In x b) -> NoDup (a ++ b)).
  { intros a b Na Nb D. induction Na as [|x a Nx Na IHa]; cbn; [exact Nb|]. constructor.
    - intros L. apply in_app_or in L as [L|L]; [tauto|]. apply (D x); [now left|exact L].
    - apply IHa. intros y Ly. apply D. now right. }
  apply App; [apply One|exact IH|]. intros e L K. apply in_flat_map in K as (k & Lk & K).
  apply of_page in L as [[E1 _]|(L & E1 & _)], K as [[E2 _]|(K & E2 & _)]; subst; try (apply may_below in L); try (apply may_below in K);
    try lia; [|tauto]. assert (j = k) by lia. now subst.
Qed.

Lemma listed_price e : listed e -> 0 < worth e /\ 0 <= costing e.
Proof.
  intros [[L _]|(j & _ & -> & H)].
  - apply may_spec in L as (L & P & _). destruct (item_members e L) as (_ & -> & ->). destruct (V e L). lra.
  - destruct (block_members j) as (_ & -> & ->). specialize (F j).
    assert (N : forall i, In i (block j) -> 0 < p I i /\ 0 <= c I i).
    { intros i L. apply block_in, ranked_item in L. tauto. }
    pose proof (sum_nonneg (c I) (block j) (fun i L => proj2 (N i L))). split; [|lra].
    destruct (block j) as [|i r]; [tauto|]. destruct (N i (or_introl eq_refl)).
    pose proof (sum_one (p I) (i :: r) i (fun k L => Rlt_le _ _ (proj1 (N k L))) (or_introl eq_refl)). lra.
Qed.

Lemma entries_sorted : StronglySorted (fun e e' => worth e' * costing e <= worth e * costing e') entries.
Proof.
  assert (S : Integers.in_sequence (before reals I page f) entries).
  { apply Integers.sort_sorted.
    - intros a b _ _. unfold before. rewrite leb_true, leb_false. lra.
    - intros a b k La Lb Lk. unfold before. rewrite !leb_true. intros H1 H2.
      assert (P : forall e, In e (flat_map (entries_of reals I page f) (seq 0 pages)) -> 0 < worth e /\ 0 <= costing e).
      { intros e L. apply listed_price, entries_in. unfold PagedSelector.entries. now apply sort_in. }
      destruct (P a La), (P b Lb), (P k Lk). apply (ratios (worth a) (costing a) (worth b) (costing b)); auto; lra. }
  unfold Integers.in_sequence in S. revert S. generalize entries. intros l0 S. induction S as [|i l S IH G]; constructor; [exact IH|].
  eapply Forall_impl; [|exact G]. intros k. unfold before. now rewrite leb_true.
Qed.

(* The block of a page comes before its other items. *)
Lemma block_first i : In i may -> ~ In i (block (page i)) -> block (page i) <> [] -> precedes (n + page i) i entries.
Proof.
  intros L N H. pose proof (may_spec i) as Sp. assert (Li := proj1 (proj1 Sp L)). destruct (V i Li) as (_ & _ & G).
  apply sort_precedes.
  - destruct (in_split (page i) (seq 0 pages)) as (x & y & E); [apply in_seq; lia|]. rewrite E, flat_map_app. cbn [flat_map].
    apply precedes_app, precedes_more. unfold entries_of. cbv zeta. fold n. destruct (block (page i)) as [|b r] eqn:Eb; [tauto|]. rewrite <- Eb in *.
    exists [], (filter (fun i0 => negb (existsb (Nat.eqb i0) (block (page i)))) (lying page (page i) may)). split; [reflexivity|].
    apply filter_In. split; [apply filter_In; split; [exact L|apply Nat.eqb_refl]|]. apply negb_true_iff, not_true_iff_false.
    intros X. apply existsb_exists in X as (k & X & Ek). apply Nat.eqb_eq in Ek. subst. tauto.
  - unfold before. apply leb_true. destruct (item_members i Li) as (_ & -> & ->). destruct (block_members (page i)) as (_ & -> & ->).
    pose proof (grown_rest (ranked (page i)) 0 (f (page i)) (Rle_refl 0) (F _) (ranked_fine _) i) as Q.
    rewrite Rplus_0_l in Q. apply Q; [apply ranked_in; auto|exact N].
Qed.

(* --- what is kept, page by page, at a price --- *)

Let M := holds kept_items.

Lemma fitting_listed e : In e fitting -> listed e.
Proof. intros L. apply entries_in. eapply prefix_incl, L. Qed.

Lemma opened_first i : In i fitting -> In i may -> block (page i) <> [] -> In (n + page i)%nat fitting.
Proof.
  intros L Li H. pose proof (fitting_listed i L) as [[_ N]|(j & _ & -> & _)]; [|apply may_below in Li; lia].
  eapply prefix_precedes; [apply entries_nodup|now apply block_first|exact L].
Qed.

Lemma M_spec i : M i = true <-> In i may /\ (In i (block (page i)) /\ In (n + page i)%nat fitting \/ ~ In i (block (page i)) /\ In i fitting).
Proof.
  unfold M, holds. rewrite existsb_exists. unfold by_pages. split.
  - intros (k & L & E). apply Nat.eqb_eq in E. subst k. apply in_flat_map in L as (e & Le & L).
    pose proof (fitting_listed e Le) as [[Lm N]|(j & _ & -> & H)].
    + pose proof (proj1 (proj1 (may_spec e) Lm)) as Li. destruct (item_members e Li) as (Em & _). rewrite Em in L.
      destruct L as [<-|[]]. auto.
    + destruct (block_members j) as (Em & _). rewrite Em in L. pose proof (block_in j i L) as R. apply ranked_in in R as [R <-]. auto.
  - intros (Lm & H). exists i. split; [|apply Nat.eqb_refl]. apply in_flat_map. destruct H as [[Lb H]|[N H]].
    + exists (n + page i)%nat. split; [exact H|]. now destruct (block_members (page i)) as (-> & _).
    + exists i. split; [exact H|]. pose proof (proj1 (proj1 (may_spec i) Lm)) as Li. destruct (item_members i Li) as (-> & _). now left.
Qed.

(* Scores of what can be paid; of the rest a mask within the budget holds nothing of any score. *)
Definition paid (i : nat) : R := if in_dec Nat.eq_dec i may then p I i else 0.

Lemma paid_nonneg i : In i (seq 0 (d I)) -> 0 <= paid i /\ 0 <= c I i /\ (page i < pages)%nat.
Proof. intros L. destruct (V i L) as (P & C & G). unfold paid. destruct in_dec; repeat split; auto; lra. Qed.

Section Price.
Variable lam : R.
Hypothesis L0 : 0 <= lam.
Hypothesis Kept : forall e, In e fitting -> lam * costing e <= worth e.
Hypothesis Left : forall e, listed e -> ~ In e fitting -> worth e <= lam * costing e.

(* On a page whose block is kept, or that has none, items are kept as the price says. *)
Lemma decided i : In i (seq 0 n) -> block (page i) = [] \/ In (n + page i)%nat fitting ->
  (if M i then paid i - lam * c I i else 0) = plus paid (c I) lam i.
Proof.
  intros L H. destruct (V i L) as (P & C & _). unfold plus, paid. destruct (in_dec Nat.eq_dec i may) as [Y|Y].
  - destruct (item_members i L) as (_ & Ew & Ec). destruct (in_dec Nat.eq_dec i (block (page i))) as [X|X].
    + destruct H as [H|H]; [rewrite H in X; destruct X|]. assert (Mi : M i = true) by (apply M_spec; auto). rewrite Mi.
      rewrite Rmax_right; [reflexivity|]. pose proof (Kept _ H) as K. destruct (block_members (page i)) as (_ & E1 & E2). rewrite E1, E2 in K.
      pose proof (grown_dear lam (ranked (page i)) 0 (f (page i)) L0 (Rle_refl 0) (F _) (ranked_fine _)) as Q.
      rewrite Rplus_0_l in Q. specialize (Q K i X). lra.
    + destruct (in_dec Nat.eq_dec i fitting) as [Z|Z].
      * assert (Mi : M i = true) by (apply M_spec; auto). rewrite Mi. pose proof (Kept _ Z) as K. rewrite Ew, Ec in K.
        rewrite Rmax_right; lra.
      * assert (Mi : M i = false) by (apply not_true_iff_false; rewrite M_spec; tauto). rewrite Mi.
        pose proof (Left i (or_introl (conj Y X)) Z) as K. rewrite Ew, Ec in K. rewrite Rmax_left; lra.
  - assert (Mi : M i = false) by (apply not_true_iff_false; rewrite M_spec; tauto). rewrite Mi. rewrite Rmax_left; [reflexivity|nra].
Qed.

Lemma page_surplus j : sum (plus paid (c I) lam) (on page n j) = sum (plus (p I) (c I) lam) (ranked j).
Proof.
  rewrite (sum_ext (plus (p I) (c I) lam) (plus paid (c I) lam) (ranked j)).
  - rewrite <- (sum_kept _ (ranked j) (on page n j)).
    + apply sum_ext. intros i L. apply in_on in L as [L E]. unfold kept. destruct in_dec as [Y|Y]; [ring|].
      unfold plus, paid. destruct in_dec as [Z|Z]; [exfalso; apply Y, ranked_in; auto|]. destruct (V i L) as (_ & C & _).
      rewrite Rmax_left; [ring|nra].
    + apply ranked_nodup.
    + intros i L. apply ranked_item in L as (L & _ & _ & _ & E). apply in_on. auto.
    + apply NoDup_filter, seq_NoDup.
  - intros i L. apply ranked_in in L as [L _]. unfold plus, paid. destruct in_dec; tauto.
Qed.

Lemma page_best j : net n paid (c I) page f lam M j = most n paid (c I) page f lam j.
Proof.
  unfold net, most. destruct (block j) as [|b r] eqn:E; [|destruct (in_dec Nat.eq_dec (n + j)%nat fitting) as [Y|Y]].
  - assert (S : keep M (fun i => paid i - lam * c I i) (on page n j) = sum (plus paid (c I) lam) (on page n j)).
    { apply sum_ext. intros i L. apply in_on in L as [L <-]. apply decided; auto. }
    rewrite S. destruct (no_block j E) as [Z|Z].
    + rewrite Z. assert (0 <= sum (plus paid (c I) lam) (on page n j)) by (apply sum_nonneg; intros; apply Rmax_l).
      rewrite Rmax_right; [|lra]. destruct touched; ring.
    + rewrite page_surplus, Z. cbn. assert (T : touched n page M j = false).
      { apply not_true_iff_false. intros T. apply existsb_exists in T as (i & L & T). apply in_on in L as [L Ei]. apply M_spec in T as [T _].
        assert (R : In i (ranked j)) by (apply ranked_in; auto). rewrite Z in R. destruct R. }
      rewrite T. specialize (F j). rewrite Rmax_left; nra.
  - assert (S : keep M (fun i => paid i - lam * c I i) (on page n j) = sum (plus paid (c I) lam) (on page n j)).
    { apply sum_ext. intros i L. apply in_on in L as [L <-]. apply decided; auto. }
    assert (T : touched n page M j = true).
    { assert (Lb : In b (block j)) by (rewrite E; now left). pose proof (block_in j b Lb) as R. apply ranked_in in R as [R Ep].
      apply existsb_exists. exists b. split; [apply in_on; split; [now apply may_spec in R|exact Ep]|].
      apply M_spec. split; [exact R|]. left. now rewrite Ep. }
    rewrite S, T, Rmax_right; [reflexivity|]. pose proof (Kept _ Y) as K. destruct (block_members j) as (_ & E1 & E2). rewrite E1, E2 in K.
    assert (G : sum (fun i => p I i - lam * c I i) (block j) <= sum (plus paid (c I) lam) (on page n j)); [|rewrite sum_minus, sum_scale in G; lra].
    rewrite <- (sum_kept _ (block j) (on page n j)).
    + apply sum_le. intros i L. unfold plus, paid. pose proof (Rmax_l 0 ((if in_dec Nat.eq_dec i may then p I i else 0) - lam * c I i)) as G1.
      pose proof (Rmax_r 0 ((if in_dec Nat.eq_dec i may then p I i else 0) - lam * c I i)) as G2. unfold kept.
      destruct (in_dec Nat.eq_dec i (block j)) as [X|X]; [|lra]. apply block_in, ranked_in in X as [X _]. destruct in_dec; [lra|tauto].
    + apply block_nodup.
    + intros i L. apply block_in, ranked_item in L as (L & _ & _ & _ & Ep). apply in_on. auto.
    + apply NoDup_filter, seq_NoDup.
  - assert (No : forall i, In i (on page n j) -> M i = false).
    { intros i L. apply in_on in L as [L Ep]. apply not_true_iff_false. intros X. apply M_spec in X as [X [[_ H]|[_ H]]].
      - rewrite Ep in H. tauto.
      - apply Y. rewrite <- Ep. apply opened_first; auto. rewrite Ep, E. discriminate. }
    assert (T : touched n page M j = false).
    { apply not_true_iff_false. intros T. apply existsb_exists in T as (i & L & T). rewrite No in T; auto. discriminate. }
    rewrite T. unfold keep. rewrite (sum_ext _ (fun _ => 0)), sum_zero by (intros i L; now rewrite No).
    rewrite page_surplus, Rmax_left; [ring|].
    destruct (Nat.lt_ge_cases j pages) as [Lj|Lj].
    + assert (Hb : block j <> []) by (rewrite E; discriminate).
      pose proof (Left (n + j)%nat (or_intror (ex_intro _ j (conj Lj (conj eq_refl Hb)))) Y) as K.
      destruct (block_members j) as (_ & E1 & E2). rewrite E1, E2 in K.
      pose proof (grown_cheap lam (ranked j) 0 (f j) L0 (Rle_refl 0) (block_opens j Hb) (ranked_fine j)) as Q.
      rewrite !Rplus_0_l in Q. specialize (Q K). lra.
    + assert (Z : ranked j = []).
      { destruct (ranked j) as [|i l] eqn:Er; [auto|exfalso]. assert (R : In i (ranked j)) by (rewrite Er; now left).
        apply ranked_item in R as (R & _ & _ & _ & Ep). destruct (V i R) as (_ & _ & Q). lia. }
      rewrite Z. cbn. specialize (F j). nra.
Qed.

Lemma score_paid m : (forall i, In i (indices I) -> m i = true -> In i may \/ p I i = 0) -> score n (p I) m = score n paid m.
Proof.
  intros H. apply sum_ext. intros i L. destruct (m i) eqn:E; [|auto]. unfold paid. destruct in_dec; [auto|].
  destruct (H i L E); [tauto|auto].
Qed.

Lemma cost_item m i : In i (indices I) -> m i = true -> c I i + f (page i) <= cost n pages (c I) page f m.
Proof.
  intros L E. unfold cost. assert (G : forall k, In k (seq 0 n) -> 0 <= (if m k then c I k else 0)).
  { intros k Lk. destruct (V k Lk) as (_ & C & _). destruct (m k); lra. }
  pose proof (sum_one _ _ i G L) as G1. cbn in G1. rewrite E in G1. destruct (V i L) as (_ & _ & Q).
  assert (G' : forall j, In j (seq 0 pages) -> 0 <= (if touched n page m j then f j else 0)).
  { intros j _. specialize (F j). destruct touched; lra. }
  pose proof (sum_one _ _ (page i) G') as G2. cbn in G2.
  assert (T : touched n page m (page i) = true) by (apply existsb_exists; exists i; split; [now apply in_on|exact E]).
  rewrite T in G2. unfold keep. cbn. assert (Lp : In (page i) (seq 0 pages)) by (apply in_seq; lia). specialize (G2 Lp). lra.
Qed.

Lemma short m : cost n pages (c I) page f m <= B I ->
  score n (p I) m - score n (p I) M <= lam * (B I - cost n pages (c I) page f M).
Proof.
  intros H. rewrite (score_paid m), (score_paid M).
  - pose proof (net_sum n pages paid (c I) page f lam paid_nonneg m) as E1.
    pose proof (net_sum n pages paid (c I) page f lam paid_nonneg M) as E2.
    assert (G : sum (net n paid (c I) page f lam m) (seq 0 pages) <= sum (net n paid (c I) page f lam M) (seq 0 pages)).
    { apply sum_le. intros j _. rewrite page_best. now apply net_le. }
    rewrite <- E1, <- E2 in G. nra.
  - intros i _ E. apply M_spec in E. tauto.
  - intros i L E. destruct (V i L) as (P & _ & _). destruct P as [P|P]; [|auto]. left. apply may_spec. split; [exact L|]. split; [exact P|].
    pose proof (cost_item m i L E). lra.
Qed.
End Price.

(* --- what is kept costs what its entries do --- *)

Lemma fitting_nodup : NoDup fitting.
Proof. apply prefix_nodup, entries_nodup. Qed.

Lemma M_costs : cost n pages (c I) page f M = sum costing fitting.
Proof.
  unfold PagedSelector.costing. rewrite sum_plus. unfold cost. rewrite Rplus_comm. f_equal.
  - (* pages *)
    assert (Inc : incl fitting (seq 0 (n + pages))).
    { intros e L. apply in_seq. pose proof (fitting_listed e L) as [[Y _]|(j & Lj & -> & _)]; [apply may_below in Y|]; lia. }
    rewrite <- (sum_kept _ fitting (seq 0 (n + pages)) fitting_nodup Inc (seq_NoDup _ _)), seq_app, sum_app.
    rewrite (sum_ext _ (fun _ => 0) (seq 0 n)), sum_zero, Rplus_0_l.
    + replace (seq (0 + n) pages) with (map (fun j => (n + j)%nat) (seq 0 pages)).
      * rewrite sum_map. apply sum_ext. intros j L. unfold fee, n. destruct (Nat.ltb_spec (d I + j) (d I)) as [W|_]; [lia|].
        replace (d I + j - d I)%nat with j by lia. fold n. destruct (touched n page M j) eqn:T.
        -- apply existsb_exists in T as (i & Li & T). apply in_on in Li as [Li Ep]. apply M_spec in T as [T H].
           destruct (block j) as [|b r] eqn:E.
           ++ destruct (no_block j E) as [Z|Z]; [rewrite Z; ring|]. assert (R : In i (ranked j)) by (apply ranked_in; auto). rewrite Z in R. destruct R.
           ++ rewrite kept_in; [ring|]. rewrite <- Ep. destruct H as [[_ H]|[_ H]]; [exact H|]. apply opened_first; auto.
              rewrite Ep, E. discriminate.
        -- destruct (in_dec Nat.eq_dec (n + j)%nat fitting) as [Y|Y]; [exfalso|rewrite kept_out by exact Y; ring].
           pose proof (fitting_listed _ Y) as [[Q _]|(j' & _ & Ej & H)]; [apply may_below in Q; lia|].
           assert (j' = j) by lia. subst j'. destruct (block j) as [|b r] eqn:E; [tauto|]. assert (Lb : In b (block j)) by (rewrite E; now left).
           pose proof (block_in j b Lb) as R. apply ranked_in in R as [R Ep]. apply not_true_iff_false in T. apply T, existsb_exists.
           exists b. split; [apply in_on; split; [now apply may_spec in R|exact Ep]|]. apply M_spec. rewrite Ep. auto.
      * rewrite <- shifted. f_equal. lia.
    + intros e L. apply in_seq in L. unfold fee. fold n. destruct (Nat.ltb_spec e n); [cbn [zero reals]; ring|lia].
  - (* items *)
    assert (E : sum (fun e => sum (c I) (members e)) fitting = sum (c I) kept_items).
    { unfold by_pages. generalize fitting. intros l. induction l as [|e l IH]; cbn; [auto|]. rewrite sum_app. cbn in IH. lra. }
    rewrite E. assert (Nk : NoDup kept_items).
    { assert (One : forall e, In e fitting -> NoDup (members e)).
      { intros e L. pose proof (fitting_listed e L) as [[Y _]|(j & _ & -> & _)].
        - destruct (item_members e (proj1 (proj1 (may_spec e) Y))) as (-> & _). repeat constructor; tauto.
        - destruct (block_members j) as (-> & _). apply block_nodup. }
      assert (Two : forall e e' i, In e fitting -> In e' fitting -> In i (members e) -> In i (members e') -> e = e').
      { assert (Case : forall e i, In e fitting -> In i (members e) -> (e = i /\ ~ In i (block (page i))) \/ (e = (n + page i)%nat /\ In i (block (page i)))).
        { intros e i L Li. pose proof (fitting_listed e L) as [[Y N]|(j & _ & -> & _)].
          - destruct (item_members e (proj1 (proj1 (may_spec e) Y))) as (Em & _). rewrite Em in Li. destruct Li as [<-|[]]. auto.
          - destruct (block_members j) as (Em & _). rewrite Em in Li. pose proof (block_in j i Li) as R. apply ranked_in in R as [_ <-]. auto. }
        intros e e' i L L' Li Li'. destruct (Case e i L Li) as [[-> N]|[-> N]], (Case e' i L' Li') as [[-> N']|[-> N']]; tauto. }
      unfold by_pages. generalize fitting_nodup One Two. generalize fitting. intros l Nl. induction Nl as [|e l Ne Nl IH]; intros O W; cbn; [constructor|].
      assert (App : forall a b : list nat, NoDup a -> NoDup b -> (forall x, In x a -> ~ In x b) -> NoDup (a ++ b)).
      { intros a b Na Nb D. induction Na as [|x a Nx Na IHa]; cbn; [exact Nb|]. constructor.
        - intros L. apply in_app_or in L as [L|L]; [tauto|]. apply (D x); [now left|exact L].
        - apply IHa. intros y Ly. apply D. now right. }
      apply App; [apply O; now left|apply IH; [intros; apply O; now right|intros a b i La Lb; apply W; now right]|].
      intros i L K. apply in_flat_map in K as (e' & L' & K). apply Ne. now rewrite (W e e' i (or_introl eq_refl) (or_intror L') L K). }
    rewrite <- (sum_kept _ kept_items (seq 0 n) Nk).
    + apply sum_ext. intros i _. unfold kept, M, holds. destruct in_dec as [Y|Y].
      * replace (existsb (Nat.eqb i) kept_items) with true; [ring|]. symmetry. apply existsb_exists. exists i. split; [exact Y|apply Nat.eqb_refl].
      * replace (existsb (Nat.eqb i) kept_items) with false; [ring|]. symmetry. apply not_true_iff_false. intros X.
        apply existsb_exists in X as (k & X & Ek). apply Nat.eqb_eq in Ek. now subst.
    + intros i L. assert (X : M i = true) by (apply existsb_exists; exists i; split; [exact L|apply Nat.eqb_refl]).
      apply M_spec in X as [X _]. now apply may_spec in X.
    + apply seq_NoDup.
Qed.

Lemma result : let cost := cost n pages (c I) page f in let score := score n (p I) in let left := B I - cost M in
  0 <= left /\
  match critical_entry reals I pages page f with
  | Some e => let lam := worth e / costing e in
     (forall m, cost m <= B I -> score m - score M <= lam * left) /\ lam * left < worth e
  | None => forall m, cost m <= B I -> score m <= score M
  end.
Proof.
  intros cost score left. assert (Fit : 0 <= left).
  { unfold left, cost. rewrite M_costs. pose proof (prefix_fits costing entries (B I) B0) as H. unfold PagedSelector.fitting. lra. }
  split; [exact Fit|]. unfold critical_entry. pose proof entries_sorted as S.
  destruct (prefix_spec costing entries (B I)) as [[X H]|(s & r & X & H & Q)]; rewrite X.
  - intros m Hm. assert (Sh := short 0 (Rle_refl 0)). fold cost score left in Sh. rewrite Rmult_0_l in Sh.
    assert (score m - score M <= 0); [|lra]. apply Sh; [| |exact Hm].
    + intros e L. pose proof (listed_price e (fitting_listed e L)). lra.
    + intros e L N. exfalso. apply N. unfold PagedSelector.fitting. rewrite <- H. now apply entries_in.
  - cbv zeta. fold fitting in H, Q. unfold PagedSelector.fitting in *.
    assert (Ls : listed s) by (apply entries_in; rewrite H; apply in_elt). destruct (listed_price s Ls) as [Ps Cs].
    assert (Cp : 0 < costing s).
    { unfold left, cost in Fit. rewrite M_costs in Fit. unfold PagedSelector.fitting in Fit. lra. }
    assert (Lp : 0 < worth s / costing s) by now apply Rdiv_lt_0_compat.
    assert (Eq : worth s / costing s * costing s = worth s) by (field; lra).
    split.
    + apply short; [lra| |].
      * intros e L. rewrite H in S. assert (G : worth s * costing e <= worth e * costing s).
        { clear - S L. unfold PagedSelector.fitting in L. set (a := prefix _ _ _ _) in *. clearbody a. induction a as [|x a IHa]; [destruct L|].
          cbn in S. apply StronglySorted_inv in S as [S G]. destruct L as [->|L]; [|auto]. rewrite Forall_forall in G. apply G, in_elt. }
        apply Rmult_le_reg_r with (costing s); [exact Cp|].
        replace (worth s / costing s * costing e * costing s) with (worth s * costing e) by (field; lra). exact G.
      * intros e L N. apply entries_in in L. rewrite H in L, S. apply in_app_or in L as [L|L]; [tauto|].
        assert (S' : StronglySorted (fun e e' => worth e' * costing e <= worth e * costing e') (s :: r)).
        { clear - S. set (a := prefix _ _ _ _) in *. clearbody a. induction a as [|x a IH]; [exact S|]. cbn in S. apply StronglySorted_inv in S as [S _]. auto. }
        destruct L as [<-|L]; [lra|]. apply StronglySorted_inv in S' as [_ G]. rewrite Forall_forall in G. specialize (G e L).
        apply Rmult_le_reg_r with (costing s); [exact Cp|].
        replace (worth s / costing s * costing e * costing s) with (worth s * costing e) by (field; lra). exact G.
    + assert (left < costing s) by (unfold left, cost; rewrite M_costs; unfold PagedSelector.fitting; lra). nra.
Qed.
End Proof.

Theorem proved : claim.
Proof. intros I pages page f B0 F V. exact (result I pages page f B0 F V). Qed.
