(* The price form of theory's certificate checker, over the integers: what it accepts is true.

   Scores are multiplied by a common denominator of theirs, costs (with budget, grid and the cut's threshold) by one of
   theirs, and prices and loss by [unit], so that all numbers are whole. Hashes, formats and limits of work are left
   out; the search is the dense one, the one by halves, or the plain one over all subsets of the core. *)
From Coq Require Import ZArith List Bool Lia Permutation Sorted.
From CWMP Require Import Integers Dense.
From CWMP Require Halves.
Import ListNotations.
Open Scope Z_scope.

Inductive way := Plainly | By_halves | Densely.
Record certificate := Certificate {
  unit : Z; energy : Z; item : Z;        (* prices energy/unit a joule and item/unit an item *)
  grid : Z; most : Z; cheap : Z;         (* 0: no grid; 0: no cut; the threshold that shows the cut *)
  ties : nat; removed : list nat; added : list nat;
  step : Z;                              (* scores are multiples of it; 0: of none that is known *)
  loss : Z; spent : Z; retained : Z;     (* loss/unit *)
  search : way;                          (* the core is searched *)
  exact : bool                           (* else an interval *)
}.

Section Checker.
Variables (I : instance Z) (C : certificate).

Definition reduced (i : nat) : Z := unit C * p I i - energy C * c I i - item C.
Definition budget : Z := if grid C =? 0 then B I else B I / grid C * grid C.

(* The base set: what is worth its price, and some of the ties, by index or under the cut by cost. *)
Definition tied : list nat := filter (fun i => reduced i =? 0) (able I).
Definition cheaper (i j : nat) : bool := c I i <=? c I j.
Definition ties_in : list nat := firstn (ties C) (if most C =? 0 then tied else sort cheaper tied).
Definition base (i : nat) : bool := has (able I) i && ((0 <? reduced i) || (reduced i =? 0) && has ties_in i).
Definition mask (i : nat) : bool := has (able I) i && negb (has (removed C) i) && (base i || has (added C) i).

(* The loss of a mask, times the unit. *)
Definition paid (x : nat -> bool) : Z := sumZ (fun i => if eqb (x i) (base i) then 0 else Z.abs (reduced i)) (able I).
Definition spare (x : nat -> bool) : Z := if most C =? 0 then 0 else most C - over x (fun _ => 1) (able I).
Definition loss_of (x : nat -> bool) : Z :=
  paid x + energy C * (budget - over x (c I) (able I)) + item C * spare x.

(* A mask that retains more loses less than this: where scores come in steps, it retains a step more. *)
Definition target : Z := if step C =? 0 then loss C else loss C - unit C * step C + 1.

(* Is there a mask that deviates from the base set within a list and loses less? *)
Fixpoint better (so_far slack room : Z) (l : list nat) : bool :=
  match l with
  | [] => (0 <=? slack) && (so_far + energy C * slack + item C * room <? target)
  | i :: r =>
    better so_far slack room r ||
    let now := so_far + Z.abs (reduced i) in
    (now <? target) && (if base i then better now (slack + c I i) (room + if most C =? 0 then 0 else 1) r
                        else better now (slack - c I i) (room - if most C =? 0 then 0 else 1) r)
  end.
Definition core : list nat := filter (fun i => Z.abs (reduced i) <? target) (able I).

(* The same by the dense search. *)
Definition move (i : nat) : Z := if base i then c I i else - c I i.
Definition loses (i : nat) : Z := Z.abs (reduced i).
Definition dense_better (slack : Z) : bool :=
  dense loses move (energy C) target (Window slack [0]) (sort (flatter loses move) core).

(* The same by halves. *)
Definition gives (i : nat) : Z := if most C =? 0 then 0 else if base i then 1 else -1.
Definition halves_better (slack : Z) : bool :=
  Halves.halves loses move gives (energy C) (item C) target slack (spare base) core.

Fixpoint distinct (l : list nat) : bool := match l with [] => true | i :: r => negb (has r i) && distinct r end.
Definition numbers_fine : bool :=
  (0 <? unit C) && (0 <=? energy C) && (0 <=? item C) && (0 <=? grid C) && (0 <=? cheap C) && (0 <=? most C) &&
  ((item C =? 0) || (0 <? most C)) && (0 <=? step C) && (match search C with Densely => item C =? 0 | _ => true end) && (Nat.leb (ties C) (length tied)).
Definition moves_fine : bool :=
  distinct (removed C ++ added C) && forallb base (removed C) &&
  forallb (fun i => has (able I) i && negb (base i)) (added C).
Definition grid_fine : bool := (grid C =? 0) || forallb (fun i => c I i mod grid C =? 0) (indices I).
Definition step_fine : bool := (step C =? 0) || forallb (fun i => p I i mod step C =? 0) (indices I).
Definition is_cheap (i : nat) : bool := c I i <? cheap C.
Definition cut_fine : bool :=
  let beyond := most C + 1 - over is_cheap (fun _ => 1) (able I) in
  (most C =? 0) || (0 <=? beyond) && (budget <? over is_cheap (c I) (able I) + beyond * cheap C).
Definition accounts_fine : bool :=
  (0 <=? budget - over mask (c I) (able I)) && (over mask (c I) (able I) =? spent C) &&
  (over mask (p I) (able I) =? retained C) && (loss_of mask =? loss C).
Definition accepts : bool :=
  numbers_fine && moves_fine && grid_fine && step_fine && cut_fine && accounts_fine &&
  (negb (exact C) || negb (let slack := budget - over base (c I) (able I) in
     match search C with
     | Densely => (0 <? target) && dense_better slack
     | By_halves => halves_better slack
     | Plainly => better 0 slack (spare base) core
     end)).
End Checker.

Definition claim : Prop := forall I C, (forall i, In i (indices I) -> 0 <= p I i /\ 0 < c I i) -> accepts I C = true ->
  let M := mask I C in
  cost I M = spent C /\ value I M = retained C /\ cost I M <= B I /\
  (forall x, cost I x <= B I -> unit C * (value I x - value I M) <= loss C) /\
  (exact C = true -> forall x, cost I x <= B I -> value I x <= value I M).

Lemma sum_linear a b f g l : sumZ (fun i => a * f i + b * g i) l = a * sumZ f l + b * sumZ g l.
Proof. induction l as [|x l IH]; cbn; [lia|]. rewrite IH. lia. Qed.

Section Proof.
Variables (I : instance Z) (C : certificate).
Hypothesis V : forall i, In i (indices I) -> 0 <= p I i /\ 0 < c I i.
Hypothesis Fine : numbers_fine I C = true.

Lemma numbers : 0 < unit C /\ 0 <= energy C /\ 0 <= item C /\ 0 <= grid C /\ 0 <= cheap C /\ 0 <= most C /\
  (item C = 0 \/ 0 < most C) /\ 0 <= step C /\ (search C = Densely -> item C = 0).
Proof.
  pose proof Fine as F. unfold numbers_fine in F. rewrite !andb_true_iff, orb_true_iff in F.
  repeat rewrite Z.leb_le in F. repeat rewrite Z.ltb_lt in F.
  repeat rewrite Z.eqb_eq in F. destruct F as ((((F & K) & S) & D) & _). repeat split; try tauto. intros E.
  rewrite E in D. now apply Z.eqb_eq.
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
  pose proof numbers as (_ & _ & _ & _ & _ & _ & K & _). unfold loss_of, U, spare.
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
  intros H. pose proof (cost_able I V x). assert (W : over x (c I) (able I) <= budget I C) by (apply within_budget; lia).
  pose proof (spare_nonneg x W). pose proof (paid_nonneg x). pose proof numbers as (_ & E & T & _). unfold loss_of. nia.
Qed.

(* The search meets every mask whose deviations stay in the core. *)
Lemma search_meets x l : forall so_far slack room,
  so_far + sumZ (fun i => if eqb (x i) (base I C i) then 0 else Z.abs (reduced I C i)) l < target C ->
  let slack' := slack - (over x (c I) l - over (base I C) (c I) l) in
  let room' := room - (if most C =? 0 then 0 else over x (fun _ => 1) l - over (base I C) (fun _ => 1) l) in
  0 <= slack' ->
  so_far + sumZ (fun i => if eqb (x i) (base I C i) then 0 else Z.abs (reduced I C i)) l
    + energy C * slack' + item C * room' < target C ->
  better I C so_far slack room (filter (fun i => Z.abs (reduced I C i) <? target C) l) = true \/ so_far < 0.
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
      assert (K : better I C so_far slack room (filter (fun i => Z.abs (reduced I C i) <? target C) l) = true).
      { destruct (IH so_far slack room) as [K|K]; [lia| | |exact K|lia].
        - destruct (base I C i); lia.
        - destruct (base I C i), (most C =? 0); rewrite ?Z.sub_0_r in *; nia. }
      destruct (Z.abs (reduced I C i) <? target C); [cbn [better]; rewrite K|]; auto.
    + assert (L : Z.abs (reduced I C i) < target C) by lia. pose proof L as L'. apply Z.ltb_lt in L'. rewrite L'.
      cbn [better]. apply orb_true_iff. right. apply andb_true_iff. split; [apply Z.ltb_lt; lia|].
      destruct (base I C i) eqn:Bi, (x i) eqn:X; try discriminate.
      * destruct (IH (so_far + Z.abs (reduced I C i)) (slack + c I i) (room + if most C =? 0 then 0 else 1)) as [K|K];
          [lia|lia| |exact K|lia]. destruct (most C =? 0); rewrite ?Z.sub_0_r, ?Z.add_0_r in *; nia.
      * destruct (IH (so_far + Z.abs (reduced I C i)) (slack - c I i) (room - if most C =? 0 then 0 else 1)) as [K|K];
          [lia|lia| |exact K|lia]. destruct (most C =? 0); rewrite ?Z.sub_0_r, ?Z.add_0_r in *; nia.
Qed.

(* So does the dense search, where items have no price. *)
Lemma dense_meets_mask x : item C = 0 -> 0 < target C -> paid I C x < target C ->
  0 <= budget I C - over x (c I) (able I) ->
  paid I C x + energy C * (budget I C - over x (c I) (able I)) < target C ->
  dense_better I C (budget I C - over (base I C) (c I) (able I)) = true.
Proof.
  intros It T P S F. set (e := fun i => negb (eqb (x i) (base I C i))).
  assert (Pay : over e (loses I C) (core I C) = paid I C x).
  { unfold over, paid, core. rewrite (sum_split (fun i => Z.abs (reduced I C i) <? target C) _ (able I)).
    rewrite (sum_null _ (filter (fun i => negb _) (able I))).
    - rewrite Z.add_0_r. apply sum_same. intros i _. unfold e. destruct eqb; reflexivity.
    - intros i L. apply filter_In in L as [L N]. apply negb_true_iff, Z.ltb_ge in N. destruct eqb eqn:E; [auto|exfalso].
      enough (Z.abs (reduced I C i) <= paid I C x) by lia. unfold paid.
      eapply Z.le_trans; [|apply (sum_member (fun i => if eqb (x i) (base I C i) then 0 else Z.abs (reduced I C i)) (able I) i)].
      + rewrite E. lia.
      + intros j _. cbv beta. destruct (eqb (x j) (base I C j)); lia.
      + exact L. }
  assert (Shift : over e (move I C) (core I C) = over (base I C) (c I) (able I) - over x (c I) (able I)).
  { transitivity (over e (move I C) (able I)).
    - unfold over, core. rewrite (sum_split (fun i => Z.abs (reduced I C i) <? target C) _ (able I)).
      rewrite (sum_null _ (filter (fun i => negb _) (able I))); [lia|].
      intros i L. apply filter_In in L as [L N]. apply negb_true_iff, Z.ltb_ge in N. unfold e.
      destruct eqb eqn:E; [auto|exfalso]. enough (Z.abs (reduced I C i) <= paid I C x) by lia. unfold paid.
      eapply Z.le_trans; [|apply (sum_member (fun i => if eqb (x i) (base I C i) then 0 else Z.abs (reduced I C i)) (able I) i)].
      + rewrite E. lia.
      + intros j _. cbv beta. destruct (eqb (x j) (base I C j)); lia.
      + exact L.
    - unfold over, e, move. clear. induction (able I) as [|i l IH]; cbn; [auto|].
      destruct (x i), (base I C i); cbn; lia. }
  assert (Core : forall i, In i (core I C) -> 0 <= loses I C i /\ move I C i <> 0 /\ 0 < Z.abs (move I C i)).
  { intros i L. unfold core in L. apply filter_In in L as [L _]. apply able_spec in L as [L _]. destruct (V i L).
    unfold loses, move. destruct (base I C i); lia. }
  pose proof numbers as (_ & En & _).
  unfold dense_better. set (order := sort (flatter (loses I C) (move I C)) (core I C)).
  assert (Perm : Permutation order (core I C)) by apply sort_perm.
  assert (E1 : over e (loses I C) order = paid I C x) by (rewrite <- Pay; now apply sum_perm).
  assert (E2 : over e (move I C) order = over (base I C) (c I) (able I) - over x (c I) (able I))
    by (rewrite <- Shift; now apply sum_perm).
  apply (dense_meets _ _ _ _ e order) with (s := budget I C - over (base I C) (c I) (able I)); try lia.
  - intros i L. apply (Permutation_in _ Perm) in L. destruct (Core i L) as (H1 & H2 & _). auto.
  - apply sort_sorted.
    + intros i j _ _ G. apply Z.leb_gt in G. apply Z.leb_le. lia.
    + unfold flatter. intros i j k Li Lj Lk G1 G2. apply Z.leb_le in G1, G2. apply Z.leb_le.
      destruct (Core i Li) as (Pi & _ & Mi), (Core j Lj) as (Pj & _ & Mj), (Core k Lk) as (Pk & _ & Mk).
      apply (Z.mul_le_mono_pos_r _ _ (Z.abs (move I C j))); [exact Mj|].
      apply (Z.mul_le_mono_nonneg_r _ _ (Z.abs (move I C k))) in G1; [|lia].
      apply (Z.mul_le_mono_nonneg_r _ _ (Z.abs (move I C i))) in G2; [|lia]. lia.
  - repeat constructor. lia.
  - rewrite E1, E2. unfold cell. cbn [low Dense.paid]. rewrite Z.ltb_irrefl, Z.sub_diag. cbn [Z.to_nat nth].
    replace (budget I C - over (base I C) (c I) (able I) + (over (base I C) (c I) (able I) - over x (c I) (able I)))
      with (budget I C - over x (c I) (able I)) by lia. lia.
Qed.

(* And the one by halves: what deviates from the base set, on the core, and what that leads to. *)
Lemma deviating y : (forall i, In i (able I) -> y i <> base I C i -> Z.abs (reduced I C i) < target C) ->
  let e i := negb (eqb (y i) (base I C i)) in
  over e (loses I C) (core I C) = paid I C y /\
  over e (move I C) (core I C) = over (base I C) (c I) (able I) - over y (c I) (able I) /\
  over e (gives I C) (core I C) = spare I C y - spare I C (base I C).
Proof.
  intros H e. assert (All : forall f, over e f (core I C) = over e f (able I)).
  { intros f. unfold over, core. rewrite (sum_split (fun i => Z.abs (reduced I C i) <? target C) _ (able I)).
    rewrite (sum_null _ (filter (fun i => negb _) (able I))); [lia|].
    intros i L. apply filter_In in L as [L N]. apply negb_true_iff, Z.ltb_ge in N. unfold e.
    destruct (eqb (y i) (base I C i)) eqn:E; [auto|exfalso]. apply eqb_false_iff in E. specialize (H i L E). lia. }
  rewrite !All. split; [|split].
  - unfold over, paid, e, loses. apply sum_same. intros i _. destruct eqb; reflexivity.
  - unfold over, e, move. clear. induction (able I) as [|i l IH]; cbn; [auto|]. destruct (y i), (base I C i); cbn; lia.
  - unfold over, e, gives, spare. destruct (most C =? 0); [apply sum_null; intros i _; now destruct negb|].
    clear. unfold over. induction (able I) as [|i l IH]; cbn [total add integers zero]; [lia|].
    destruct (y i), (base I C i); cbn [negb eqb]; lia.
Qed.

Lemma core_nodup : NoDup (core I C).
Proof. unfold core, able, eligible, indices. apply NoDup_filter, NoDup_filter, seq_NoDup. Qed.

Lemma halves_meets_mask x : paid I C x < target C -> 0 <= budget I C - over x (c I) (able I) -> loss_of I C x < target C ->
  halves_better I C (budget I C - over (base I C) (c I) (able I)) = true.
Proof.
  intros P S F. pose proof numbers as (_ & En & It & _). set (slack := budget I C - over (base I C) (c I) (able I)).
  assert (Dev : forall i, In i (able I) -> x i <> base I C i -> Z.abs (reduced I C i) < target C).
  { intros i L N. enough (Z.abs (reduced I C i) <= paid I C x) by lia. unfold paid.
    eapply Z.le_trans; [|apply (sum_member (fun i => if eqb (x i) (base I C i) then 0 else Z.abs (reduced I C i)) (able I) i)].
    - apply eqb_false_iff in N. cbv beta. rewrite N. lia.
    - intros j _. cbv beta. destruct (eqb (x j) (base I C j)); lia.
    - exact L. }
  unfold halves_better. apply Halves.halves_meets with (e := fun i => negb (eqb (x i) (base I C i))).
  - apply core_nodup.
  - intros i _. unfold loses. lia.
  - (* what fits keeps no more items than the cut says, so it pays less than it loses *)
    intros e [E1 E2]. set (y := fun i => if has (core I C) i && e i then negb (base I C i) else base I C i).
    assert (Dy : forall i, In i (able I) -> y i <> base I C i -> Z.abs (reduced I C i) < target C).
    { intros i L N. unfold y in N. destruct (has (core I C) i) eqn:Hc; [|now contradiction N].
      apply has_spec in Hc. unfold core in Hc. apply filter_In in Hc as [_ Hc]. now apply Z.ltb_lt. }
    destruct (deviating y Dy) as (D1 & D2 & D3).
    assert (Same : forall f, over e f (core I C) = over (fun i => negb (eqb (y i) (base I C i))) f (core I C)).
    { intros f. apply Halves.over_same. intros i L. apply has_spec in L. unfold y. rewrite L. cbn [andb].
      destruct (e i), (base I C i); reflexivity. }
    rewrite !Same, D1, D2, D3 in *. fold slack in E1, E2. unfold slack in E1, E2.
    assert (Sy : 0 <= spare I C y) by (apply spare_nonneg; lia).
    assert (0 <= item C * (spare I C (base I C) + (spare I C y - spare I C (base I C)))) by (apply Z.mul_nonneg_nonneg; lia).
    assert (0 <= energy C * (budget I C - over (base I C) (c I) (able I) + (over (base I C) (c I) (able I) - over y (c I) (able I))))
      by (apply Z.mul_nonneg_nonneg; lia). lia.
  - destruct (deviating x Dev) as (D1 & D2 & D3). unfold Halves.better. rewrite D1, D2, D3. unfold slack, loss_of in *.
    replace (budget I C - over (base I C) (c I) (able I) + (over (base I C) (c I) (able I) - over x (c I) (able I)))
      with (budget I C - over x (c I) (able I)) by lia.
    replace (spare I C (base I C) + (spare I C x - spare I C (base I C))) with (spare I C x) by lia. auto.
Qed.
End Proof.

Theorem proved : claim.
Proof.
  intros I C V A M. unfold accepts, accounts_fine in A. rewrite !andb_true_iff in A.
  destruct A as ((((((Fine & _) & Grid) & Step) & Cut) & (((A1 & A2) & A3) & A4)) & A5).
  apply Z.leb_le in A1. apply Z.eqb_eq in A2, A3, A4. fold M in A1, A2, A3, A4.
  assert (Cm : forall f, over M f (indices I) = over M f (able I)).
  { intros f. apply over_able. intros i L N H. exfalso. apply N. unfold M, mask in H. rewrite !andb_true_iff in H.
    now apply has_spec. }
  assert (Hb : budget I C <= B I).
  { unfold budget. destruct (grid C =? 0) eqn:E; [lia|]. apply Z.eqb_neq in E.
    pose proof (numbers I C Fine) as (_ & _ & _ & G & _). rewrite Z.mul_comm. apply Z.mul_div_le. lia. }
  assert (K1 : cost I M = spent C) by (unfold cost; rewrite Cm; auto).
  assert (K2 : value I M = retained C) by (unfold value; rewrite Cm; auto).
  assert (K3 : cost I M <= B I) by lia.
  split; [exact K1|]. split; [exact K2|]. split; [exact K3|].
  pose proof (numbers I C Fine) as (Un & En & It & _ & _ & _ & _ & St & De).
  assert (Diff : forall x, cost I x <= B I -> unit C * (value I x - value I M) = loss C - loss_of I C x).
  { intros x H. rewrite (value_able I V x H), (value_able I V M K3), Z.mul_sub_distr_l, !(value_is I C Fine), A4. lia. }
  split.
  - intros x H. rewrite (Diff x H). pose proof (loss_nonneg I C V Fine Grid Cut x H). lia.
  - intros X x H. rewrite X in A5. cbn [negb orb] in A5. apply negb_true_iff in A5.
    destruct (Z.le_gt_cases (value I x) (value I M)) as [|More]; [auto|exfalso]. specialize (Diff x H).
    assert (G : loss_of I C x < target C).
    { unfold target. destruct (Z.eqb_spec (step C) 0) as [|Ns]; [nia|].
      enough (step C <= value I x - value I M) by nia. unfold step_fine in Step.
      apply orb_true_iff in Step as [S0|S0]; [apply Z.eqb_eq in S0; lia|]. rewrite forallb_forall in S0.
      assert (Mult : forall y, exists k, value I y = k * step C).
      { intros y. apply sum_multiple; [|lia]. intros i L. specialize (S0 i L). apply Z.eqb_eq in S0. destruct (y i); auto. }
      destruct (Mult x) as [k Ek], (Mult M) as [m Em]. rewrite Ek, Em in *.
      assert (m < k) by (apply (Z.mul_lt_mono_pos_r (step C)); lia).
      assert (1 * step C <= (k - m) * step C) by (apply Z.mul_le_mono_nonneg_r; lia). lia. }
    pose proof (loss_nonneg I C V Fine Grid Cut x H) as (N0 & N2 & N3). pose proof (paid_nonneg I C x) as N1.
    assert (N4 : paid I C x < target C) by (unfold loss_of in G; nia).
    destruct (search C) eqn:D.
    + destruct (search_meets I C x (able I) 0 (budget I C - over (base I C) (c I) (able I)) (spare I C (base I C)))
        as [K|K]; [| | |unfold core in A5; congruence|lia].
      * exact N4.
      * lia.
      * fold (paid I C x). unfold loss_of, spare in *. destruct (most C =? 0); nia.
    + rewrite (halves_meets_mask I C V Fine Cut x) in A5; [discriminate|auto|auto|auto].
    + specialize (De eq_refl). apply andb_false_iff in A5 as [A5|A5]; [apply Z.ltb_ge in A5; lia|].
      rewrite (dense_meets_mask I C V Fine x) in A5; try discriminate; auto; [lia|].
      unfold loss_of in G. rewrite De in G. lia.
Qed.
