(* The search by halves of theory/checker.py: what each half of the items can do, without what another beats in slack and
   in score, and then every pair that fits. What it does not find is not there. *)
From Coq Require Import ZArith List Bool Lia Sorted Permutation Orders Mergesort.
From CWMP Require Import Integers.
Import ListNotations.
Open Scope Z_scope.

(* What moving some items leads to: the slack, the items that may still be kept, what is paid. *)
Definition state : Type := (Z * Z * Z)%type.
Definition slack_of (x : state) : Z := let '(s, _, _) := x in s.
Definition paid_of (x : state) : Z := let '(_, _, a) := x in a.

(* The largest slack first, then the most items, then the least paid. *)
Module Descending <: TotalLeBool.
  Definition t := state.
  Definition leb (x y : state) : bool := let '(s, r, a) := x in let '(s', r', a') := y in
    (s' <? s) || (s' =? s) && ((r' <? r) || (r' =? r) && (a <=? a')).
  Lemma leb_total : forall x y, leb x y = true \/ leb y x = true.
  Proof.
    intros [[s r] a] [[s' r'] a']. cbn. destruct (Z.ltb_spec s' s), (Z.ltb_spec s s'), (Z.eqb_spec s' s), (Z.eqb_spec s s'),
      (Z.ltb_spec r' r), (Z.ltb_spec r r'), (Z.eqb_spec r' r), (Z.eqb_spec r r'), (Z.leb_spec a a'), (Z.leb_spec a' a); cbn; auto; lia.
  Qed.
End Descending.
Module Sorting := Sort Descending.

Lemma nodup_right (a b : list nat) : NoDup (a ++ b) -> NoDup b.
Proof. induction a as [|x a IH]; cbn; intros N; [exact N|]. apply NoDup_cons_iff in N as [_ N]. auto. Qed.
Lemma nodup_apart (a b : list nat) : NoDup (a ++ b) -> forall x, In x a -> ~ In x b.
Proof.
  induction a as [|y a IH]; cbn; intros N x L K; [exact L|]. apply NoDup_cons_iff in N as [F N].
  destruct L as [->|L]; [apply F, in_or_app; now right|now apply (IH N x)].
Qed.

Section Halves.
Variables (price move step : nat -> Z) (energy item target : Z).

Definition worth (x : state) : Z := let '(s, r, a) := x in a + energy * s + item * r.
Definition shift (i : nat) (x : state) : state := let '(s, r, a) := x in (s + move i, r + step i, a + price i).
Definition grow (i : nat) (l : list state) : list state := l ++ filter (fun x => paid_of x <? target) (map (shift i) l).
Fixpoint sweep (lowest : option Z) (l : list state) : list state :=
  match l with
  | [] => []
  | x :: r => if match lowest with None => true | Some m => worth x <? m end then x :: sweep (Some (worth x)) r else sweep lowest r
  end.
Definition prune (l : list state) : list state := sweep None (Sorting.sort l).
Fixpoint half (l : list state) (items : list nat) : list state :=
  match items with [] => l | i :: r => half (prune (grow i l)) r end.

(* Slack and total of the left ones, least slack first, against the right ones, largest slack first. *)
Definition ends (l : list state) : list (Z * Z) := map (fun x => (slack_of x, worth x)) l.
Definition lesser (a : Z) (b : option Z) : option Z := match b with None => Some a | Some b => Some (Z.min a b) end.
Fixpoint fitting (s : Z) (right : list (Z * Z)) (cheapest : option Z) : list (Z * Z) * option Z :=
  match right with
  | (s', t) :: r => if 0 <=? s + s' then fitting s r (lesser t cheapest) else (right, cheapest)
  | [] => ([], cheapest)
  end.
Fixpoint pairs (left right : list (Z * Z)) (cheapest : option Z) : bool :=
  match left with
  | [] => false
  | (s, t) :: l => let '(r, c) := fitting s right cheapest in
      match c with Some m => (t + m <? target) || pairs l r c | None => pairs l r c end
  end.
(* Every other item goes to the other half. *)
Fixpoint dealt (l : list nat) : list nat * list nat :=
  match l with [] => ([], []) | i :: r => let '(a, b) := dealt r in (i :: b, a) end.
Definition halves (slack spare : Z) (l : list nat) : bool :=
  let '(a, b) := dealt l in
  pairs (rev (ends (half [(slack, spare, 0)] a))) (ends (half [(0, 0, 0)] b)) None.

(* --- what it finds --- *)

Definition falling := StronglySorted (fun x y : state => slack_of y <= slack_of x).

Lemma sweep_incl l : forall m, incl (sweep m l) l.
Proof.
  induction l as [|x l IH]; intros m; cbn; [intros ? []|]. destruct (match m with None => true | Some m => worth x <? m end).
  - intros y [->|L]; [now left|right]. eapply IH, L.
  - intros y L. right. eapply IH, L.
Qed.
Lemma sweep_falling l : falling l -> forall m, falling (sweep m l).
Proof.
  induction 1 as [|x l S IH F]; intros m; cbn; [constructor|]. destruct (match m with None => true | Some m => worth x <? m end); [|apply IH].
  constructor; [apply IH|]. rewrite Forall_forall in *. intros y L. apply F. eapply sweep_incl, L.
Qed.
Lemma sweep_beats l : falling l -> forall m x, In x l ->
  (exists y, In y (sweep m l) /\ slack_of x <= slack_of y /\ worth y <= worth x) \/ exists k, m = Some k /\ k <= worth x.
Proof.
  induction 1 as [|z l S IH F]; intros m x L; [destruct L|]. rewrite Forall_forall in F. cbn [sweep].
  assert (Later : forall k, worth z <= k -> k <= worth z -> In x l ->
    (exists y, In y (z :: sweep (Some k) l) /\ slack_of x <= slack_of y /\ worth y <= worth x)).
  { intros k K1 K2 Lx. destruct (IH (Some k) x Lx) as [(y & Ly & H)|(k' & E & H)].
    - exists y. split; [now right|exact H].
    - injection E as <-. exists z. split; [now left|]. split; [now apply F|lia]. }
  destruct m as [m|].
  - destruct (Z.ltb_spec (worth z) m) as [W|W].
    + left. destruct L as [->|L]; [exists x; split; [now left|lia]|]. apply (Later (worth z)); auto; lia.
    + destruct L as [->|L]; [right; exists m; auto|]. apply IH, L.
  - left. destruct L as [->|L]; [exists x; split; [now left|lia]|]. apply (Later (worth z)); auto; lia.
Qed.

Lemma sorted_falling l : falling (Sorting.sort l).
Proof.
  assert (S : StronglySorted (fun x y => is_true (Descending.leb x y)) (Sorting.sort l)).
  { apply Sorting.StronglySorted_sort. intros [[s r] a] [[s' r'] a'] [[s'' r''] a'']. unfold is_true, Descending.leb.
    rewrite !orb_true_iff, !andb_true_iff, !orb_true_iff, !andb_true_iff, !Z.ltb_lt, !Z.eqb_eq, !Z.leb_le. lia. }
  induction S as [|x k S IH F]; constructor; [exact IH|]. eapply Forall_impl; [|exact F].
  intros [[s' r'] a']. destruct x as [[s r] a]. unfold is_true, Descending.leb, slack_of.
  rewrite !orb_true_iff, !andb_true_iff, Z.ltb_lt, Z.eqb_eq. lia.
Qed.
Lemma prune_incl l : incl (prune l) l.
Proof. intros x L. apply sweep_incl in L. apply (Permutation_in _ (Permutation_sym (Sorting.Permuted_sort l))), L. Qed.
Lemma prune_beats l x : In x l -> exists y, In y (prune l) /\ slack_of x <= slack_of y /\ worth y <= worth x.
Proof.
  intros L. destruct (sweep_beats (Sorting.sort l) (sorted_falling l) None x) as [H|(k & E & _)]; [|exact H|discriminate].
  apply (Permutation_in _ (Sorting.Permuted_sort l)), L.
Qed.
Lemma half_falling items : forall l, falling l -> falling (half l items).
Proof. induction items as [|i r IH]; intros l F; cbn; [exact F|]. apply IH. apply sweep_falling, sorted_falling. Qed.

(* The state that moving those of some items that e says leads to. *)
Definition led (o : state) (e : nat -> bool) (l : list nat) : state :=
  let '(s, r, a) := o in (s + over e move l, r + over e step l, a + over e price l).

Lemma led_worth o e l : worth (led o e l) = worth o + over e price l + energy * over e move l + item * over e step l.
Proof. destruct o as [[s r] a]. cbn. ring. Qed.
Lemma led_slack o e l : slack_of (led o e l) = slack_of o + over e move l.
Proof. destruct o as [[s r] a]. reflexivity. Qed.
Lemma led_paid o e l : paid_of (led o e l) = paid_of o + over e price l.
Proof. destruct o as [[s r] a]. reflexivity. Qed.
Lemma over_snoc e f l i : over e f (l ++ [i]) = over e f l + (if e i then f i else 0).
Proof. unfold over. rewrite sum_app. cbn. lia. Qed.
Lemma over_app e f a b : over e f (a ++ b) = over e f a + over e f b.
Proof. unfold over. apply sum_app. Qed.
Lemma over_perm e f a b : Permutation a b -> over e f a = over e f b.
Proof. unfold over. apply sum_perm. Qed.
Lemma over_same e e' f l : (forall i, In i l -> e i = e' i) -> over e f l = over e' f l.
Proof. intros H. apply sum_same. intros i L. now rewrite (H i L). Qed.
Lemma led_snoc o e l i : led o e (l ++ [i]) = if e i then shift i (led o e l) else led o e l.
Proof. destruct o as [[s r] a]. unfold led. rewrite !over_snoc. destruct (e i); cbn [shift]; now rewrite ?Z.add_assoc, ?Z.add_0_r. Qed.

Section Meets.
Variables (all : list nat) (slack0 spare0 : Z).
Hypothesis Prices : forall i, In i all -> 0 <= price i.
(* Moves that fit and lose less. *)
Definition better (e : nat -> bool) : Prop := 0 <= slack0 + over e move all /\
  over e price all + energy * (slack0 + over e move all) + item * (spare0 + over e step all) < target.
Hypothesis Pays : forall e, better e -> over e price all < target.

(* o is where a half starts, others what it does not move. *)
Lemma half_meets o others items : paid_of o = 0 -> forall before l, Permutation all (others ++ before ++ items) -> NoDup all ->
  (forall x, In x l -> exists e, x = led o e before) ->
  forall e, better e -> In (led o e before) l ->
  exists e', better e' /\ (forall i, In i others -> e' i = e i) /\ In (led o e' (before ++ items)) (half l items).
Proof.
  intros O0. induction items as [|i items IH]; intros before l P Nd Real e Be L; cbn [half].
  - exists e. rewrite app_nil_r. auto.
  - assert (P' : Permutation all (others ++ (before ++ [i]) ++ items)) by (rewrite <- (app_assoc before); exact P).
    assert (Sum : forall e f, over e f all = over e f others + (over e f before + (if e i then f i else 0)) + over e f items).
    { intros e0 f. unfold over. rewrite (sum_perm _ _ _ P'), !sum_app. cbn. lia. }
    assert (In_all : forall k, In k (others ++ (before ++ [i]) ++ items) -> In k all) by (intros k; apply (Permutation_in _ (Permutation_sym P'))).
    assert (Nonneg : forall e k, incl k all -> 0 <= over e price k).
    { intros e0 k C. apply sum_nonneg. intros j J. specialize (Prices j (C j J)). destruct (e0 j); lia. }
    assert (G : In (led o e (before ++ [i])) (grow i l)).
    { rewrite led_snoc. apply in_or_app. destruct (e i) eqn:Ei; [right|now left]. apply filter_In. split; [now apply in_map|].
      apply Z.ltb_lt. pose proof (Pays e Be) as Q. rewrite Sum, Ei in Q.
      assert (Hs : paid_of (shift i (led o e before)) = over e price before + price i).
      { pose proof (led_paid o e before) as E. rewrite O0 in E. destruct (led o e before) as [[s r] a]. cbn in *. lia. }
      rewrite Hs. assert (0 <= over e price others) by (apply Nonneg; intros j J; apply In_all, in_or_app; now left).
      assert (0 <= over e price items) by (apply Nonneg; intros j J; apply In_all; rewrite !in_app_iff; auto). lia. }
    destruct (prune_beats _ _ G) as (y & Ly & Sy & Wy).
    assert (Ry : forall x, In x (prune (grow i l)) -> exists e1, x = led o e1 (before ++ [i])).
    { intros x Lx. apply prune_incl in Lx. apply in_app_or in Lx as [Lx|Lx].
      - destruct (Real x Lx) as [e1 E1]. exists (fun j => if Nat.eqb j i then false else e1 j). rewrite led_snoc, Nat.eqb_refl, E1.
        unfold led. destruct o as [[s r] a]. rewrite !(over_same (fun j => if Nat.eqb j i then false else e1 j) e1); auto;
          intros j J; destruct (Nat.eqb_spec j i) as [->|]; auto; exfalso; apply (Permutation_NoDup P) in Nd;
          apply nodup_right in Nd; apply NoDup_remove_2 in Nd; apply Nd, in_or_app; now left.
      - apply filter_In in Lx as [Lx _]. apply in_map_iff in Lx as (x0 & <- & Lx). destruct (Real x0 Lx) as [e1 E1].
        exists (fun j => if Nat.eqb j i then true else e1 j). rewrite led_snoc, Nat.eqb_refl, E1.
        unfold led. destruct o as [[s r] a]. rewrite !(over_same (fun j => if Nat.eqb j i then true else e1 j) e1); auto;
          intros j J; destruct (Nat.eqb_spec j i) as [->|]; auto; exfalso; apply (Permutation_NoDup P) in Nd;
          apply nodup_right in Nd; apply NoDup_remove_2 in Nd; apply Nd, in_or_app; now left. }
    destruct (Ry y Ly) as [e1 E1]. set (e2 := fun j => if has (before ++ [i]) j then e1 j else e j).
    assert (Apart : forall j, In j others \/ In j items -> has (before ++ [i]) j = false).
    { intros j J. apply not_true_iff_false. rewrite has_spec. intros K. apply (Permutation_NoDup P') in Nd.
      destruct J as [J|J].
      - apply (nodup_apart _ _ Nd j J). apply in_or_app. now left.
      - apply nodup_right in Nd. exact (nodup_apart _ _ Nd j K J). }
    assert (O2 : forall f, over e2 f all = over e f others + over e1 f (before ++ [i]) + over e f items).
    { intros f. rewrite (over_perm e2 f _ _ P'), over_app, (over_app e2 f (before ++ [i])), (over_same e2 e f others), (over_same e2 e f items), (over_same e2 e1 f (before ++ [i])); [lia|..].
      - intros j J. unfold e2. apply has_spec in J. now rewrite J.
      - intros j J. unfold e2. now rewrite Apart by auto.
      - intros j J. unfold e2. now rewrite Apart by auto. }
    assert (Od : forall f, over e f all = over e f others + over e f (before ++ [i]) + over e f items) by (intros f; rewrite Sum, over_snoc; lia).
    assert (B2 : better e2).
    { destruct Be as [B1 B2]. rewrite E1, !led_slack in Sy. rewrite E1, !led_worth in Wy. unfold better. rewrite !O2. rewrite (Od move) in B1. rewrite (Od price), (Od move), (Od step) in B2.
      split; [lia|]. rewrite !Z.mul_add_distr_l in *. lia. }
    destruct (IH (before ++ [i]) (prune (grow i l)) P' Nd Ry e2 B2) as (e3 & B3 & A3 & I3).
    + replace (led o e2 (before ++ [i])) with y; [exact Ly|]. rewrite E1. unfold led. destruct o as [[s r] a].
      rewrite !(over_same e2 e1); auto; intros j J; unfold e2; apply has_spec in J; now rewrite J.
    + exists e3. split; [exact B3|]. split.
      * intros j J. rewrite (A3 j J). unfold e2. now rewrite Apart by auto.
      * rewrite <- app_assoc in I3. exact I3.
Qed.
End Meets.

(* --- the pairs --- *)

Lemma fitting_spec s right : forall c, StronglySorted (fun x y : Z * Z => fst y <= fst x) right ->
  let '(r, m) := fitting s right c in
  (forall k, c = Some k -> exists k', m = Some k' /\ k' <= k) /\ StronglySorted (fun x y : Z * Z => fst y <= fst x) r /\
  forall s' t, In (s', t) right -> In (s', t) r /\ s + s' < 0 \/ exists k, m = Some k /\ k <= t.
Proof.
  induction right as [|[s1 t1] right IH]; intros c S; cbn.
  - split; [intros k ->; exists k; split; [auto|lia]|]. split; [constructor|]. intros ? ? [].
  - apply StronglySorted_inv in S as [S F]. rewrite Forall_forall in F. destruct (Z.leb_spec 0 (s + s1)) as [L|L].
    + specialize (IH (lesser t1 c) S). destruct (fitting s right (lesser t1 c)) as [r m]. destruct IH as (H1 & H2 & H3).
      assert (Now : exists k, m = Some k /\ k <= t1).
      { destruct c as [k|]; cbn in H1; [destruct (H1 _ eq_refl) as (k' & E & Q)|destruct (H1 _ eq_refl) as (k' & E & Q)]; exists k'; split; auto; lia. }
      split; [|split; [exact H2|]].
      * intros k ->. destruct (H1 (Z.min t1 k) eq_refl) as (k' & E & Q). exists k'. split; [exact E|lia].
      * intros s' t [E|K]; [injection E as <- <-; right; exact Now|auto].
    + split; [intros k ->; exists k; split; [auto|lia]|]. split; [constructor; [exact S|now apply Forall_forall]|].
      intros s' t K. left. split; [exact K|]. destruct K as [E|K]; [injection E as <- <-; lia|]. specialize (F _ K). cbn in F. lia.
Qed.

Lemma pairs_spec left : forall right c, StronglySorted (fun x y : Z * Z => fst x <= fst y) left ->
  StronglySorted (fun x y : Z * Z => fst y <= fst x) right ->
  forall s t s' t', In (s, t) left -> (In (s', t') right /\ 0 <= s + s' \/ exists k, c = Some k /\ k <= t') -> t + t' < target ->
  pairs left right c = true.
Proof.
  induction left as [|[s1 t1] left IH]; intros right c S R s t s' t' L H T; [destruct L|]. cbn [pairs].
  pose proof (fitting_spec s1 right c R) as F. destruct (fitting s1 right c) as [r m]. destruct F as (F1 & F2 & F3).
  apply StronglySorted_inv in S as [S Fl]. rewrite Forall_forall in Fl. destruct L as [E|L].
  - injection E as -> ->. assert (K : exists k, m = Some k /\ k <= t').
    { destruct H as [[H P]|(k & -> & Q)].
      - destruct (F3 s' t' H) as [[_ N]|K]; [lia|exact K].
      - destruct (F1 k eq_refl) as (k' & E & Q'). exists k'. split; [exact E|lia]. }
    destruct K as (k & -> & Q). apply orb_true_iff. left. apply Z.ltb_lt. lia.
  - assert (K : pairs left r m = true).
    { apply (IH r m S F2 s t s' t' L); [|exact T]. destruct H as [[H P]|(k & -> & Q)].
      - destruct (F3 s' t' H) as [[N _]|K]; [left; auto|right; exact K].
      - right. destruct (F1 k eq_refl) as (k' & E & Q'). exists k'. split; [exact E|lia]. }
    destruct m; [rewrite K; apply orb_true_r|exact K].
Qed.

Lemma dealt_perm l : Permutation l (fst (dealt l) ++ snd (dealt l)).
Proof.
  induction l as [|i l IH]; cbn; [constructor|]. destruct (dealt l) as [a b]. cbn in *. constructor. rewrite IH. apply Permutation_app_comm.
Qed.

Lemma ends_falling l : falling l -> StronglySorted (fun x y : Z * Z => fst y <= fst x) (ends l).
Proof.
  induction 1 as [|x l S IH F]; cbn; constructor; [exact IH|]. rewrite Forall_forall in *. intros y L.
  apply in_map_iff in L as (z & <- & L). cbn. now apply F.
Qed.
Lemma rev_sorted (l : list (Z * Z)) : StronglySorted (fun x y : Z * Z => fst y <= fst x) l ->
  StronglySorted (fun x y : Z * Z => fst x <= fst y) (rev l).
Proof.
  assert (Snoc : forall k x, StronglySorted (fun x y : Z * Z => fst x <= fst y) k -> (forall y, In y k -> fst y <= fst x) ->
    StronglySorted (fun x y : Z * Z => fst x <= fst y) (k ++ [x])).
  { intros k x. induction 1 as [|z k S IH F]; intros H; cbn; [repeat constructor|]. constructor.
    - apply IH. intros y L. apply H. now right.
    - rewrite Forall_forall in *. intros y L. apply in_app_or in L as [L|[<-|[]]]; [auto|apply H; now left]. }
  induction 1 as [|x l S IH F]; cbn; [constructor|]. apply Snoc; [exact IH|]. rewrite Forall_forall in F. intros y L. apply F. now apply in_rev.
Qed.

Theorem halves_meets all slack spare : NoDup all -> (forall i, In i all -> 0 <= price i) ->
  (forall e, better all slack spare e -> over e price all < target) ->
  forall e, better all slack spare e -> halves slack spare all = true.
Proof.
  intros Nd Prices Pays e Be. unfold halves. pose proof (dealt_perm all) as P. destruct (dealt all) as [a b]. cbn [fst snd] in P.
  set (o := (slack, spare, 0)). set (z := (0, 0, 0)).
  assert (Led0 : forall x e, led x e [] = x) by (intros [[s r] q] e0; unfold led, over; cbn; now rewrite !Z.add_0_r).
  assert (P1 : Permutation all (b ++ [] ++ a)) by (rewrite P; apply Permutation_app_comm).
  destruct (half_meets all slack spare Prices Pays o b a eq_refl [] [o] P1 Nd) with (e := e) as (e1 & B1 & _ & I1); auto.
  { intros x [<-|[]]. exists e. now rewrite Led0. }
  { rewrite Led0. now left. }
  destruct (half_meets all slack spare Prices Pays z a b eq_refl [] [z] P Nd) with (e := e1) as (e2 & B2 & A2 & I2); auto.
  { intros x [<-|[]]. exists e. now rewrite Led0. }
  { rewrite Led0. now left. }
  cbn [app] in I1, I2.
  assert (Same : led o e1 a = led o e2 a).
  { unfold led, o. rewrite !(over_same e1 e2) by (intros; symmetry; auto). reflexivity. }
  rewrite Same in I1. destruct B2 as [Bs Bt].
  assert (Sum : forall f, over e2 f all = over e2 f a + over e2 f b) by (intros f; unfold over; now rewrite (sum_perm _ _ _ P), sum_app).
  rewrite (Sum move) in Bs. rewrite (Sum price), (Sum move), (Sum step) in Bt.
  apply (pairs_spec _ _ None) with (s := slack_of (led o e2 a)) (t := worth (led o e2 a)) (s' := slack_of (led z e2 b)) (t' := worth (led z e2 b)).
  - apply rev_sorted, ends_falling, half_falling. repeat constructor.
  - apply ends_falling, half_falling. repeat constructor.
  - apply in_rev. rewrite rev_involutive. apply in_map_iff. now exists (led o e2 a).
  - left. split; [apply in_map_iff; now exists (led z e2 b)|]. unfold led, o, z. cbn. lia.
  - unfold led, worth, o, z. rewrite !Z.mul_add_distr_l in *. lia.
Qed.
End Halves.
