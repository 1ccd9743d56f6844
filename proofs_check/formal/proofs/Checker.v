(* The price form of theory's certificate checker, over the integers: what it accepts is true.

   Scores are multiplied by a common denominator of theirs, costs (with budget, grid and the cut's threshold) by one of
   theirs, and prices and loss by [unit], so that all numbers are whole. Hashes, formats and limits of work are left
   out; the search is the plain one, over all subsets of the core. *)
From Coq Require Import ZArith List Bool Lia.
From CWMP Require Import Arithmetic Selectors.
Import ListNotations.
Open Scope Z_scope.

Record certificate := Certificate {
  unit : Z; energy : Z; item : Z;        (* prices energy/unit a joule and item/unit an item *)
  grid : Z; most : Z; cheap : Z;         (* 0: no grid; 0: no cut; the threshold that shows the cut *)
  ties : nat; removed : list nat; added : list nat;
  loss : Z; spent : Z; retained : Z;     (* loss/unit *)
  exact : bool                           (* else an interval *)
}.

Definition has (l : list nat) (i : nat) : bool := existsb (Nat.eqb i) l.
Notation sumZ := (total integers).
Definition over (x : nat -> bool) (f : nat -> Z) (l : list nat) : Z := sumZ (fun i => if x i then f i else 0) l.

Section Checker.
Variables (I : instance Z) (C : certificate).

Definition able : list nat := eligible integers I.
Definition reduced (i : nat) : Z := unit C * p I i - energy C * c I i - item C.
Definition budget : Z := if grid C =? 0 then B I else B I / grid C * grid C.

(* The base set: what is worth its price, and some of the ties, by index or under the cut by cost. *)
Definition tied : list nat := filter (fun i => reduced i =? 0) able.
Definition cheaper (i j : nat) : bool := c I i <=? c I j.
Definition ties_in : list nat := firstn (ties C) (if most C =? 0 then tied else sort cheaper tied).
Definition base (i : nat) : bool := has able i && ((0 <? reduced i) || (reduced i =? 0) && has ties_in i).
Definition mask (i : nat) : bool := has able i && negb (has (removed C) i) && (base i || has (added C) i).

(* The loss of a mask, times the unit. *)
Definition paid (x : nat -> bool) : Z := sumZ (fun i => if eqb (x i) (base i) then 0 else Z.abs (reduced i)) able.
Definition spare (x : nat -> bool) : Z := if most C =? 0 then 0 else most C - over x (fun _ => 1) able.
Definition loss_of (x : nat -> bool) : Z :=
  paid x + energy C * (budget - over x (c I) able) + item C * spare x.

(* Is there a mask that deviates from the base set within a list and loses less? *)
Fixpoint better (so_far slack room : Z) (l : list nat) : bool :=
  match l with
  | [] => (0 <=? slack) && (so_far + energy C * slack + item C * room <? loss C)
  | i :: r =>
    better so_far slack room r ||
    let now := so_far + Z.abs (reduced i) in
    (now <? loss C) && (if base i then better now (slack + c I i) (room + if most C =? 0 then 0 else 1) r
                        else better now (slack - c I i) (room - if most C =? 0 then 0 else 1) r)
  end.
Definition core : list nat := filter (fun i => Z.abs (reduced i) <? loss C) able.

Fixpoint distinct (l : list nat) : bool := match l with [] => true | i :: r => negb (has r i) && distinct r end.
Definition numbers_fine : bool :=
  (0 <? unit C) && (0 <=? energy C) && (0 <=? item C) && (0 <=? grid C) && (0 <=? cheap C) && (0 <=? most C) &&
  ((item C =? 0) || (0 <? most C)) && (Nat.leb (ties C) (length tied)).
Definition moves_fine : bool :=
  distinct (removed C ++ added C) && forallb base (removed C) &&
  forallb (fun i => has able i && negb (base i)) (added C).
Definition grid_fine : bool := (grid C =? 0) || forallb (fun i => c I i mod grid C =? 0) (indices I).
Definition is_cheap (i : nat) : bool := c I i <? cheap C.
Definition cut_fine : bool :=
  let beyond := most C + 1 - over is_cheap (fun _ => 1) able in
  (most C =? 0) || (0 <=? beyond) && (budget <? over is_cheap (c I) able + beyond * cheap C).
Definition accounts_fine : bool :=
  (0 <=? budget - over mask (c I) able) && (over mask (c I) able =? spent C) &&
  (over mask (p I) able =? retained C) && (loss_of mask =? loss C).
Definition accepts : bool :=
  numbers_fine && moves_fine && grid_fine && cut_fine && accounts_fine &&
  (negb (exact C) || negb (better 0 (budget - over base (c I) able) (spare base) core)).
End Checker.

(* What a mask retains and spends, over all coordinates. *)
Definition value (I : instance Z) (x : nat -> bool) : Z := over x (p I) (indices I).
Definition cost (I : instance Z) (x : nat -> bool) : Z := over x (c I) (indices I).

Definition claim : Prop := forall I C, (forall i, In i (indices I) -> 0 <= p I i /\ 0 < c I i) -> accepts I C = true ->
  let M := mask I C in
  cost I M = spent C /\ value I M = retained C /\ cost I M <= B I /\
  (forall x, cost I x <= B I -> unit C * (value I x - value I M) <= loss C) /\
  (exact C = true -> forall x, cost I x <= B I -> value I x <= value I M).

Lemma sum_pointwise f g l : (forall i, In i l -> f i <= g i) -> sumZ f l <= sumZ g l.
Proof.
  induction l as [|a l IH]; intros H; cbn; [lia|]. pose proof (H a (or_introl eq_refl)).
  pose proof (IH (fun i L => H i (or_intror L))). lia.
Qed.
Lemma sum_linear a b f g l : sumZ (fun i => a * f i + b * g i) l = a * sumZ f l + b * sumZ g l.
Proof. induction l as [|x l IH]; cbn; [lia|]. rewrite IH. lia. Qed.
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

Section Proof.
Variables (I : instance Z) (C : certificate).
Hypothesis V : forall i, In i (indices I) -> 0 <= p I i /\ 0 < c I i.

Lemma able_spec i : In i (able I) <-> In i (indices I) /\ 0 < p I i /\ c I i <= B I.
Proof.
  unfold able, eligible. rewrite filter_In, andb_true_iff, negb_true_iff. cbn.
  rewrite Z.leb_le, Z.leb_gt. tauto.
Qed.

Lemma has_spec l i : has l i = true <-> In i l.
Proof.
  unfold has. rewrite existsb_exists. split; [intros (j & L & E); apply Nat.eqb_eq in E; now subst|].
  intros L. exists i. split; [auto|apply Nat.eqb_refl].
Qed.

Lemma affords x i : cost I x <= B I -> In i (indices I) -> x i = true -> c I i <= B I.
Proof.
  intros H L X. assert ((if x i then c I i else 0) <= cost I x); [|rewrite X in *; lia].
  apply (sum_member (fun i => if x i then c I i else 0)); [|exact L]. intros j Lj. destruct (V j Lj). destruct (x j); lia.
Qed.

(* Only eligible items count: the others retain nothing or do not fit. *)
Lemma value_able x : cost I x <= B I -> value I x = over x (p I) (able I).
Proof.
  intros H. unfold value, over at 1. rewrite (sum_split (fun i => negb (leb integers (p I i) 0) && leb integers (c I i) (B I))).
  fold (over x (p I) (able I)). rewrite (sum_null _ (filter (fun i => negb _) (indices I))); [unfold over, able, eligible; cbn; lia|].
  intros i L. apply filter_In in L as [L N]. destruct (x i) eqn:X; [|auto]. destruct (V i L).
  pose proof (affords x i H L X). apply negb_true_iff, andb_false_iff in N as [N|N].
  - apply negb_false_iff, Z.leb_le in N. lia.
  - apply Z.leb_gt in N. lia.
Qed.
Lemma cost_able x : over x (c I) (able I) <= cost I x.
Proof.
  unfold cost, over at 2. rewrite (sum_split (fun i => negb (leb integers (p I i) 0) && leb integers (c I i) (B I))).
  enough (0 <= sumZ (fun i => if x i then c I i else 0)
    (filter (fun i => negb (negb (leb integers (p I i) 0) && leb integers (c I i) (B I))) (indices I)))
    by (unfold over, able, eligible; cbn in *; lia).
  apply sum_nonneg. intros i L. apply filter_In in L as [L _]. destruct (V i L). destruct (x i); lia.
Qed.

Hypothesis Fine : numbers_fine I C = true.

Lemma numbers : 0 < unit C /\ 0 <= energy C /\ 0 <= item C /\ 0 <= grid C /\ 0 <= cheap C /\ 0 <= most C /\
  (item C = 0 \/ 0 < most C).
Proof.
  pose proof Fine as F. unfold numbers_fine in F. rewrite !andb_true_iff, orb_true_iff in F.
  repeat rewrite Z.leb_le in F. repeat rewrite Z.ltb_lt in F. rewrite Z.eqb_eq in F. tauto.
Qed.

Lemma base_sign i : In i (able I) ->
  (base I C i = true -> 0 <= reduced I C i) /\ (base I C i = false -> reduced I C i <= 0).
Proof.
  intros L. apply has_spec in L. unfold base. rewrite L. cbn [andb].
  destruct (0 <? reduced I C i) eqn:E1; [apply Z.ltb_lt in E1; cbn; split; [lia|discriminate]|apply Z.ltb_ge in E1].
  destruct (reduced I C i =? 0) eqn:E2; [apply Z.eqb_eq in E2; lia|]. cbn. split; [discriminate|lia].
Qed.

(* unit p(x) = U - loss(x), with the same U for all x. *)
Definition U : Z := over (base I C) (reduced I C) (able I) + energy C * budget I C + item C * (if most C =? 0 then 0 else most C).
Lemma value_is x : unit C * over x (p I) (able I) = U - loss_of I C x.
Proof.
  assert (E : unit C * over x (p I) (able I) = over x (reduced I C) (able I) + energy C * over x (c I) (able I) +
    item C * over x (fun _ => 1) (able I)).
  { unfold over. induction (able I) as [|i l IH]; cbn; [lia|]. unfold reduced in *. destruct (x i); lia. }
  assert (D : over x (reduced I C) (able I) = over (base I C) (reduced I C) (able I) - paid I C x).
  { unfold over, paid. pose proof base_sign as S. clear E. induction (able I) as [|i l IH]; cbn; [auto|].
    specialize (IH (fun j L => S j (or_intror L))). destruct (S i (or_introl eq_refl)) as [S1 S2].
    destruct (x i), (base I C i); cbn; try specialize (S1 eq_refl); try specialize (S2 eq_refl); lia. }
  pose proof numbers as (_ & _ & _ & _ & _ & _ & K). unfold loss_of, U, spare.
  destruct (most C =? 0) eqn:M; [apply Z.eqb_eq in M; assert (item C = 0) by lia|]; nia.
Qed.

Lemma paid_nonneg x : 0 <= paid I C x.
Proof. apply sum_nonneg. intros i _. destruct eqb; lia. Qed.

Hypothesis Grid : grid_fine I C = true.
Lemma within_budget x : over x (c I) (able I) <= B I -> over x (c I) (able I) <= budget I C.
Proof.
  intros H. unfold budget. destruct (grid C =? 0) eqn:E; [auto|]. apply Z.eqb_neq in E.
  pose proof numbers as (_ & _ & _ & G & _). unfold grid_fine in Grid.
  apply orb_true_iff in Grid as [F|F]; [apply Z.eqb_eq in F; lia|]. rewrite forallb_forall in F.
  destruct (sum_multiple (grid C) (fun i => if x i then c I i else 0) (able I)) as [k Ek]; [|lia|].
  - intros i L. apply able_spec in L as [L _]. specialize (F i L). apply Z.eqb_eq in F. destruct (x i); auto.
  - unfold over in *. rewrite Ek in *. apply Z.mul_le_mono_nonneg_r; [lia|]. apply Z.div_le_lower_bound; lia.
Qed.

Hypothesis Cut : cut_fine I C = true.
Lemma spare_nonneg x : over x (c I) (able I) <= budget I C -> 0 <= spare I C x.
Proof.
  intros H. unfold spare. destruct (most C =? 0) eqn:M; [lia|]. unfold cut_fine in Cut. rewrite M in Cut. cbn in Cut.
  apply andb_true_iff in Cut as [K1 K2]. apply Z.leb_le in K1. apply Z.ltb_lt in K2.
  pose proof numbers as (_ & _ & _ & _ & Ch & _).
  assert (G : over (is_cheap I C) (c I) (able I) + cheap C * (over x (fun _ => 1) (able I) -
    over (is_cheap I C) (fun _ => 1) (able I)) <= over x (c I) (able I)).
  { unfold over. assert (P : forall i, In i (able I) -> 0 < c I i) by (intros i L; apply able_spec in L as [L _]; now apply V).
    clear -P Ch. induction (able I) as [|i l IH]; cbn; [lia|]. specialize (IH (fun j L => P j (or_intror L))).
    specialize (P i (or_introl eq_refl)). unfold is_cheap in *.
    destruct (c I i <? cheap C) eqn:E; [apply Z.ltb_lt in E|apply Z.ltb_ge in E]; destruct (x i); lia. }
  nia.
Qed.

Lemma loss_nonneg x : cost I x <= B I -> 0 <= loss_of I C x /\ 0 <= budget I C - over x (c I) (able I) /\ 0 <= spare I C x.
Proof.
  intros H. pose proof (cost_able x). assert (W : over x (c I) (able I) <= budget I C) by (apply within_budget; lia).
  pose proof (spare_nonneg x W). pose proof (paid_nonneg x). pose proof numbers as (_ & E & T & _). unfold loss_of. nia.
Qed.

(* The search meets every mask whose deviations stay in the core. *)
Lemma search_meets x l : forall so_far slack room,
  so_far + sumZ (fun i => if eqb (x i) (base I C i) then 0 else Z.abs (reduced I C i)) l < loss C ->
  let slack' := slack - (over x (c I) l - over (base I C) (c I) l) in
  let room' := room - (if most C =? 0 then 0 else over x (fun _ => 1) l - over (base I C) (fun _ => 1) l) in
  0 <= slack' ->
  so_far + sumZ (fun i => if eqb (x i) (base I C i) then 0 else Z.abs (reduced I C i)) l
    + energy C * slack' + item C * room' < loss C ->
  better I C so_far slack room (filter (fun i => Z.abs (reduced I C i) <? loss C) l) = true \/ so_far < 0.
Proof.
  induction l as [|i l IH]; cbn zeta; intros so_far slack room P S T.
  - left. cbn in *. apply andb_true_iff. split; [apply Z.leb_le; lia|apply Z.ltb_lt].
    destruct (most C =? 0); rewrite ?Z.sub_0_r in *; lia.
  - destruct (Z.ltb_spec so_far 0) as [|Ps]; [auto|left].
    assert (N : 0 <= sumZ (fun i => if eqb (x i) (base I C i) then 0 else Z.abs (reduced I C i)) l)
      by (apply sum_nonneg; intros j _; destruct eqb; lia).
    unfold over in *. cbn [total add integers] in *. cbn [filter].
    destruct (eqb (x i) (base I C i)) eqn:E.
    + apply eqb_prop in E. rewrite E in *.
      assert (K : better I C so_far slack room (filter (fun i => Z.abs (reduced I C i) <? loss C) l) = true).
      { destruct (IH so_far slack room) as [K|K]; [lia| | |exact K|lia].
        - destruct (base I C i); lia.
        - destruct (base I C i), (most C =? 0); rewrite ?Z.sub_0_r in *; nia. }
      destruct (Z.abs (reduced I C i) <? loss C); [cbn [better]; rewrite K|]; auto.
    + assert (L : Z.abs (reduced I C i) < loss C) by lia. pose proof L as L'. apply Z.ltb_lt in L'. rewrite L'.
      cbn [better]. apply orb_true_iff. right. apply andb_true_iff. split; [apply Z.ltb_lt; lia|].
      destruct (base I C i) eqn:Bi, (x i) eqn:X; try discriminate.
      * destruct (IH (so_far + Z.abs (reduced I C i)) (slack + c I i) (room + if most C =? 0 then 0 else 1)) as [K|K];
          [lia|lia| |exact K|lia]. destruct (most C =? 0); rewrite ?Z.sub_0_r, ?Z.add_0_r in *; nia.
      * destruct (IH (so_far + Z.abs (reduced I C i)) (slack - c I i) (room - if most C =? 0 then 0 else 1)) as [K|K];
          [lia|lia| |exact K|lia]. destruct (most C =? 0); rewrite ?Z.sub_0_r, ?Z.add_0_r in *; nia.
Qed.
End Proof.

Theorem proved : claim.
Proof.
  intros I C V A M. unfold accepts, accounts_fine in A. rewrite !andb_true_iff in A.
  destruct A as (((((Fine & _) & Grid) & Cut) & (((A1 & A2) & A3) & A4)) & A5).
  apply Z.leb_le in A1. apply Z.eqb_eq in A2, A3, A4. fold M in A1, A2, A3, A4.
  assert (In_able : forall i, M i = true -> In i (able I)).
  { intros i H. unfold M, mask in H. rewrite !andb_true_iff in H. now apply has_spec. }
  assert (Cm : forall f, over M f (indices I) = over M f (able I)).
  { intros f. unfold over. rewrite (sum_split (fun i => negb (leb integers (p I i) 0) && leb integers (c I i) (B I))).
    rewrite (sum_null _ (filter (fun i => negb _) (indices I))); [unfold able, eligible; cbn; lia|].
    intros i L. apply filter_In in L as [L N]. destruct (M i) eqn:X; [|auto]. apply In_able, able_spec in X as (_ & P & Q).
    cbn in N. apply negb_true_iff, andb_false_iff in N as [N|N];
      [apply negb_false_iff, Z.leb_le in N|apply Z.leb_gt in N]; lia. }
  assert (Hb : budget I C <= B I).
  { unfold budget. destruct (grid C =? 0) eqn:E; [lia|]. apply Z.eqb_neq in E.
    pose proof (numbers I C Fine) as (_ & _ & _ & G & _). rewrite Z.mul_comm. apply Z.mul_div_le. lia. }
  assert (K1 : cost I M = spent C) by (unfold cost; rewrite Cm; auto).
  assert (K2 : value I M = retained C) by (unfold value; rewrite Cm; auto).
  assert (K3 : cost I M <= B I) by lia.
  split; [exact K1|]. split; [exact K2|]. split; [exact K3|].
  pose proof (numbers I C Fine) as (Un & En & It & _).
  assert (Diff : forall x, cost I x <= B I -> unit C * (value I x - value I M) = loss C - loss_of I C x).
  { intros x H. rewrite (value_able I V x H), (value_able I V M K3), Z.mul_sub_distr_l, !(value_is I C Fine), A4. lia. }
  split.
  - intros x H. rewrite (Diff x H). pose proof (loss_nonneg I C V Fine Grid Cut x H). lia.
  - intros X x H. rewrite X in A5. cbn [negb orb] in A5. apply negb_true_iff in A5.
    destruct (Z.le_gt_cases (loss C) (loss_of I C x)) as [G|G]; [specialize (Diff x H); nia|exfalso].
    pose proof (loss_nonneg I C V Fine Grid Cut x H) as (_ & N2 & N3). pose proof (paid_nonneg I C x) as N1.
    assert (N4 : paid I C x < loss C) by (unfold loss_of in G; nia).
    destruct (search_meets I C x (able I) 0 (budget I C - over (base I C) (c I) (able I)) (spare I C (base I C)))
      as [K|K]; [| | |unfold core in A5; congruence|lia].
    + exact N4.
    + lia.
    + fold (paid I C x). unfold loss_of, spare in *. destruct (most C =? 0); nia.
Qed.
