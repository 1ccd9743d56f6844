(* The certificates that name a mask by how many items it keeps of each cost, the largest ones (proofs of kind counts of
   theory/checker.py), over the integers: what the checker accepts is true.

   Numbers are whole as in Checker.v. Hashes, formats and limits of work are left out, and so are the ways to remember
   only the values nearest to a threshold and to search half the costs first; the search is over all counts. *)
From Coq Require Import ZArith List Bool Lia Permutation Sorted.
From CWMP Require Import Integers.
Import ListNotations.
Open Scope Z_scope.

(* Of one cost: how many items the search starts from, and how many the mask keeps. *)
Record class := Class { cost_of : Z; start : nat; kept : nat }.
Record certificate := Certificate {
  unit : Z; energy : Z;                  (* a price of energy/unit *)
  joule : Z;                             (* a joule in the unit that costs are multiplied to *)
  classes : list class;
  loss : Z; spent : Z; retained : Z;     (* loss/unit *)
  exact : bool                           (* else an interval *)
}.

Fixpoint total_of {A} (f : A -> Z) (l : list A) : Z := match l with [] => 0 | a :: r => f a + total_of f r end.

Section Counts.
Variables (I : instance Z) (C : certificate).

Definition reduced (i : nat) : Z := unit C * p I i - energy C * c I i.
(* The eligible items of a class, the largest first. *)
Definition ranked (k : class) : list nat := sort (larger integers I) (filter (fun i => c I i =? cost_of k) (able I)).
Definition mask (i : nat) : bool := existsb (fun k => has (firstn (kept k) (ranked k)) i) (classes C).

(* Costs are multiples of their greatest common divisor (of a joule, if there are none), and so is what of the budget can
   be spent. *)
Definition grid : Z := let g := fold_right (fun k g => Z.gcd (cost_of k) g) 0 (classes C) in if g =? 0 then joule C else g.
Definition budget : Z := B I / grid * grid.

(* What keeping n of a class instead of the start loses; what counts spend; their loss. All times the unit. *)
Definition moved (k : class) (n : nat) : Z :=
  sumZ (fun i => Z.abs (reduced i)) (skipn (start k) (firstn n (ranked k))) +
  sumZ (fun i => Z.abs (reduced i)) (skipn n (firstn (start k) (ranked k))).
Definition spends (n : class -> nat) : Z := total_of (fun k => Z.of_nat (n k) * cost_of k) (classes C).
Definition loss_of (n : class -> nat) : Z :=
  total_of (fun k => moved k (n k)) (classes C) + energy C * (budget - spends n).

(* Are there counts that fit and lose less? *)
Definition options (k : class) : list (Z * Z) :=
  map (fun n => (moved k n, Z.of_nat n * cost_of k)) (seq 0 (S (length (ranked k)))).
Fixpoint better (so_far slack : Z) (l : list (list (Z * Z))) : bool :=
  match l with
  | [] => (0 <=? slack) && (so_far + energy C * slack <? loss C)
  | those :: r => existsb (fun '(more, joules) =>
      if so_far + more <? loss C then better (so_far + more) (slack - joules) r else false) those
  end.

Fixpoint distinct (l : list Z) : bool :=
  match l with [] => true | a :: r => negb (existsb (Z.eqb a) r) && distinct r end.
Definition numbers_fine : bool :=
  (0 <? unit C) && (0 <=? energy C) && (0 <? joule C) && distinct (map cost_of (classes C)) &&
  forallb (fun k => (0 <? cost_of k) && (cost_of k <=? B I)) (classes C).
Definition costs_listed : bool :=
  forallb (fun i => (B I <? c I i) || existsb (Z.eqb (c I i)) (map cost_of (classes C))) (indices I).
(* The start is what the price keeps, with some of the ties. *)
Definition start_fine : bool := forallb (fun k =>
  Nat.leb (start k) (length (ranked k)) && forallb (fun i => 0 <=? reduced i) (firstn (start k) (ranked k)) &&
  forallb (fun i => reduced i <=? 0) (skipn (start k) (ranked k))) (classes C).
Definition accounts_fine : bool :=
  forallb (fun k => Nat.leb (kept k) (length (ranked k))) (classes C) && (0 <=? budget - spends kept) &&
  (spends kept =? spent C) && (total_of (fun k => sumZ (p I) (firstn (kept k) (ranked k))) (classes C) =? retained C) &&
  (loss_of kept =? loss C).
Definition accepts : bool :=
  numbers_fine && costs_listed && start_fine && accounts_fine &&
  (negb (exact C) || negb (better 0 budget (map options (classes C)))).
End Counts.

Definition claim : Prop := forall I C, (forall i, In i (indices I) -> 0 <= p I i /\ 0 < c I i) -> accepts I C = true ->
  let M := mask I C in
  cost I M = spent C /\ value I M = retained C /\ cost I M <= B I /\
  (forall x, cost I x <= B I -> unit C * (value I x - value I M) <= loss C) /\
  (exact C = true -> forall x, cost I x <= B I -> value I x <= value I M).

Lemma total_same {A} (f g : A -> Z) l : (forall a, In a l -> f a = g a) -> total_of f l = total_of g l.
Proof. induction l as [|a l IH]; intros H; cbn; [auto|]. rewrite IH, (H a); [auto|now left|intros; apply H; now right]. Qed.
Lemma total_le {A} (f g : A -> Z) l : (forall a, In a l -> f a <= g a) -> total_of f l <= total_of g l.
Proof.
  induction l as [|a l IH]; intros H; cbn; [lia|]. pose proof (H a (or_introl eq_refl)).
  pose proof (IH (fun b L => H b (or_intror L))). lia.
Qed.
Lemma total_plus {A} (f g : A -> Z) l : total_of (fun a => f a + g a) l = total_of f l + total_of g l.
Proof. induction l as [|a l IH]; cbn; [auto|]. lia. Qed.
Lemma total_times {A} t (f : A -> Z) l : total_of (fun a => t * f a) l = t * total_of f l.
Proof. induction l as [|a l IH]; cbn; [lia|]. lia. Qed.
Lemma total_multiple {A} g (f : A -> Z) l : (forall a, In a l -> (g | f a)) -> (g | total_of f l).
Proof.
  induction l as [|a l IH]; intros H; cbn; [apply Z.divide_0_r|]. apply Z.divide_add_r; [apply H; now left|].
  apply IH. intros; apply H; now right.
Qed.

Lemma distinct_spec l : distinct l = true -> NoDup l.
Proof.
  induction l as [|a l IH]; cbn; intros H; [constructor|]. apply andb_true_iff in H as [H1 H2]. constructor; [|auto].
  intros L. apply negb_true_iff, not_true_iff_false in H1. apply H1, existsb_exists. exists a. split; [auto|apply Z.eqb_refl].
Qed.

(* The n largest are worth at least what any n of them are. *)
Lemma next_at_most f top l n : 0 <= top -> (forall i, In i l -> f i <= top) ->
  sumZ f (firstn (S n) l) <= top + sumZ f (firstn n l).
Proof.
  intros T. revert l. induction n as [|n IH]; intros l H; (destruct l as [|a l]; [cbn; lia|]).
  - cbn. specialize (H a (or_introl eq_refl)). lia.
  - specialize (IH l (fun i L => H i (or_intror L))). cbn [firstn total add integers] in *. lia.
Qed.
Lemma largest_best f x l : (forall i, In i l -> 0 <= f i) -> StronglySorted (fun i j => f j <= f i) l ->
  over x f l <= sumZ f (firstn (length (filter x l)) l).
Proof.
  unfold over. induction l as [|a l IH]; intros P S; [cbn; lia|]. apply StronglySorted_inv in S as [S F].
  specialize (IH (fun i L => P i (or_intror L)) S). rewrite Forall_forall in F. cbn [total add integers filter].
  destruct (x a); cbn [length]; [cbn [firstn total add integers]; lia|].
  destruct (length (filter x l)) as [|n]; [cbn in *; lia|].
  pose proof (next_at_most f (f a) l n (P a (or_introl eq_refl)) F). cbn [firstn total add integers] in *. lia.
Qed.

Section Proof.
Variables (I : instance Z) (C : certificate).
Hypothesis V : forall i, In i (indices I) -> 0 <= p I i /\ 0 < c I i.
Hypothesis Fine : numbers_fine I C = true.
Hypothesis Listed : costs_listed I C = true.
Hypothesis Start : start_fine I C = true.

Lemma numbers : 0 < unit C /\ 0 <= energy C /\ 0 < joule C /\ NoDup (map cost_of (classes C)) /\
  forall k, In k (classes C) -> 0 < cost_of k <= B I.
Proof.
  pose proof Fine as F. unfold numbers_fine in F. rewrite !andb_true_iff, !Z.ltb_lt, Z.leb_le, forallb_forall in F.
  destruct F as ((((F1 & F2) & F0) & F3) & F4). repeat split; auto; [now apply distinct_spec| |];
    specialize (F4 k H); apply andb_true_iff in F4 as [G1 G2]; apply Z.ltb_lt in G1; apply Z.leb_le in G2; lia.
Qed.

Lemma ranked_spec k i : In i (ranked I k) <-> In i (able I) /\ c I i = cost_of k.
Proof. unfold ranked. rewrite sort_in, filter_In, Z.eqb_eq. reflexivity. Qed.
Lemma ranked_perm k : Permutation (ranked I k) (filter (fun i => c I i =? cost_of k) (able I)).
Proof. apply sort_perm. Qed.
Lemma ranked_nodup k : NoDup (ranked I k).
Proof.
  apply (Permutation_NoDup (Permutation_sym (ranked_perm k))), NoDup_filter. unfold able, eligible.
  apply NoDup_filter, seq_NoDup.
Qed.
Lemma ranked_sorted k : StronglySorted (fun i j => p I j <= p I i) (ranked I k).
Proof.
  assert (S : in_sequence (larger integers I) (ranked I k)).
  { apply sort_sorted; unfold larger; cbn; intros; rewrite ?Z.leb_le, ?Z.leb_gt in *; lia. }
  unfold in_sequence, larger in S. cbn in S. induction S as [|i l S IH F]; constructor; auto.
  eapply Forall_impl; [|exact F]. intros j H. now apply Z.leb_le.
Qed.

(* Every eligible item belongs to one class. *)
Lemma by_class f : sumZ f (able I) = total_of (fun k => sumZ f (ranked I k)) (classes C).
Proof.
  pose proof numbers as (_ & _ & _ & N & _).
  rewrite (total_same _ (fun k => sumZ f (filter (fun i => c I i =? cost_of k) (able I))))
    by (intros; apply sum_perm, ranked_perm).
  assert (L : forall i, In i (able I) -> In (c I i) (map cost_of (classes C))).
  { intros i Li. apply able_spec in Li as (Li & _ & G). pose proof Listed as F. unfold costs_listed in F.
    rewrite forallb_forall in F. specialize (F i Li). apply orb_true_iff in F as [F|F]; [apply Z.ltb_lt in F; lia|].
    apply existsb_exists in F as (k & Lk & E). apply Z.eqb_eq in E. now rewrite E. }
  induction (able I) as [|i l IH].
  - cbn. clear. induction (classes C) as [|k r IH]; cbn; [auto|exact IH].
  - rewrite (total_same _ (fun k => (if c I i =? cost_of k then f i else 0) +
      sumZ f (filter (fun i => c I i =? cost_of k) l))) by (intros k _; cbn; destruct (c I i =? cost_of k); cbn; lia).
    rewrite total_plus, <- IH by (intros; apply L; now right). cbn. f_equal.
    specialize (L i (or_introl eq_refl)). clear -L N. induction (classes C) as [|k r IH]; [destruct L|].
    cbn in *. apply NoDup_cons_iff in N as [N1 N2].
    assert (Z0 : ~ In (c I i) (map cost_of r) -> total_of (fun k => if c I i =? cost_of k then f i else 0) r = 0).
    { clear. induction r as [|j r IH]; intros H; cbn in *; [auto|]. destruct (Z.eqb_spec (c I i) (cost_of j)) as [E|E];
        [exfalso; apply H; now left|]. rewrite IH; [lia|tauto]. }
    destruct (Z.eqb_spec (c I i) (cost_of k)) as [E|E].
    + rewrite Z0; [lia|]. now rewrite E.
    + rewrite <- IH; auto. destruct L as [L|L]; [congruence|auto].
Qed.

Lemma unit_cost k l : (forall i, In i l -> c I i = cost_of k) -> sumZ (c I) l = Z.of_nat (length l) * cost_of k.
Proof.
  induction l as [|i l IH]; intros H; cbn [length]; [cbn; lia|]. rewrite Nat2Z.inj_succ.
  cbn [total add integers]. rewrite IH, (H i) by (try (now left); intros; apply H; now right). lia.
Qed.

(* What the n largest of a class are worth. *)
Lemma firstn_worth k n : In k (classes C) -> (n <= length (ranked I k))%nat ->
  unit C * sumZ (p I) (firstn n (ranked I k)) =
  sumZ (reduced I C) (firstn (start k) (ranked I k)) - moved I C k n + energy C * (Z.of_nat n * cost_of k).
Proof.
  intros L H. pose proof Start as F. unfold start_fine in F. rewrite forallb_forall in F. specialize (F k L).
  rewrite !andb_true_iff in F. destruct F as ((_ & Up) & Down). rewrite forallb_forall in Up, Down.
  assert (E : unit C * sumZ (p I) (firstn n (ranked I k)) =
    sumZ (reduced I C) (firstn n (ranked I k)) + energy C * sumZ (c I) (firstn n (ranked I k))).
  { induction (firstn n (ranked I k)) as [|i l IH]; cbn; [lia|]. unfold reduced in *. lia. }
  rewrite E, (unit_cost k), firstn_length_le by
    (auto; intros i K; apply (ranked_spec k); rewrite <- (firstn_skipn n); apply in_or_app; now left).
  enough (sumZ (reduced I C) (firstn n (ranked I k)) =
    sumZ (reduced I C) (firstn (start k) (ranked I k)) - moved I C k n) by lia.
  unfold moved. set (l := ranked I k) in *. set (s := start k) in *.
  assert (Pos : forall r, (forall i, In i r -> 0 <= reduced I C i) ->
    sumZ (fun i => Z.abs (reduced I C i)) r = sumZ (reduced I C) r)
    by (intros r Hr; apply sum_same; intros i Li; apply Z.abs_eq; auto).
  assert (Neg : forall r, (forall i, In i r -> reduced I C i <= 0) ->
    sumZ (fun i => Z.abs (reduced I C i)) r = - sumZ (reduced I C) r).
  { intros r Hr. induction r as [|i r IH]; [auto|]. cbn [total add integers].
    rewrite IH by (intros; apply Hr; now right). rewrite Z.abs_neq by (apply Hr; now left). lia. }
  destruct (Nat.le_ge_cases s n) as [G|G].
  - rewrite (skipn_all2 (n := n) (firstn s l)) by (pose proof (firstn_le_length s l); rewrite firstn_length; lia).
    rewrite Neg.
    + rewrite <- (firstn_skipn s (firstn n l)) at 1. rewrite firstn_firstn, Nat.min_l, sum_app by lia. cbn. lia.
    + intros i Li. apply Z.leb_le, Down. rewrite skipn_firstn_comm in Li.
      rewrite <- (firstn_skipn (n - s) (skipn s l)). apply in_or_app. now left.
  - rewrite (skipn_all2 (n := s) (firstn n l)) by (rewrite firstn_length; lia). rewrite (Pos (skipn n (firstn s l))).
    + rewrite <- (firstn_skipn n (firstn s l)) at 1. rewrite firstn_firstn, Nat.min_l, sum_app by lia. cbn. lia.
    + intros i Li. apply Z.leb_le, Up. rewrite <- (firstn_skipn n (firstn s l)). apply in_or_app. now right.
Qed.

Definition U : Z := total_of (fun k => sumZ (reduced I C) (firstn (start k) (ranked I k))) (classes C) + energy C * budget I C.
Lemma worth n : (forall k, In k (classes C) -> (n k <= length (ranked I k))%nat) ->
  unit C * total_of (fun k => sumZ (p I) (firstn (n k) (ranked I k))) (classes C) = U - loss_of I C n.
Proof.
  intros H. rewrite <- total_times, (total_same _ _ _ (fun k L => firstn_worth k (n k) L (H k L))).
  unfold U, loss_of, spends.
  rewrite (total_same _ (fun k => (sumZ (reduced I C) (firstn (start k) (ranked I k)) + -1 * moved I C k (n k)) +
    energy C * (Z.of_nat (n k) * cost_of k))) by (intros; lia).
  rewrite !total_plus, !total_times. lia.
Qed.

Lemma moved_nonneg k n : 0 <= moved I C k n.
Proof. unfold moved. apply Z.add_nonneg_nonneg; apply sum_nonneg; intros; apply Z.abs_nonneg. Qed.

Lemma grid_positive : 0 < grid C.
Proof.
  unfold grid. set (g := fold_right _ 0 _). assert (0 <= g).
  { unfold g. destruct (classes C); cbn; [lia|apply Z.gcd_nonneg]. }
  pose proof numbers as (_ & _ & J & _). destruct (Z.eqb_spec g 0); lia.
Qed.

Lemma spends_within n : spends C n <= B I -> spends C n <= budget I C.
Proof.
  intros H. assert (D : (grid C | spends C n)).
  { apply total_multiple. intros k L. apply Z.divide_mul_r. unfold grid. set (g := fold_right _ 0 _).
    assert (D : (g | cost_of k)).
    { unfold g. clear -L. induction (classes C) as [|j r IH]; [destruct L|]. cbn. destruct L as [->|L];
        [apply Z.gcd_divide_l|]. eapply Z.divide_trans; [apply Z.gcd_divide_r|auto]. }
    destruct (Z.eqb_spec g 0) as [G|G]; [|exact D]. rewrite G in D. apply Z.divide_0_l in D.
    pose proof numbers as (_ & _ & _ & _ & P). specialize (P k L). lia. }
  destruct D as [q E]. pose proof grid_positive. unfold budget. rewrite E in *.
  apply Z.mul_le_mono_nonneg_r; [lia|]. apply Z.div_le_lower_bound; lia.
Qed.

(* The search meets all counts. *)
Lemma search_meets n l : (forall k, In k l -> (n k <= length (ranked I k))%nat) -> forall so_far slack,
  let more := total_of (fun k => moved I C k (n k)) l in
  let rest := slack - total_of (fun k => Z.of_nat (n k) * cost_of k) l in
  0 <= rest -> 0 <= energy C -> so_far + more + energy C * rest < loss C ->
  better C so_far slack (map (options I C) l) = true.
Proof.
  induction l as [|k l IH]; cbn zeta; intros H so_far slack S E F.
  - cbn in *. apply andb_true_iff. split; [apply Z.leb_le; lia|apply Z.ltb_lt]. rewrite Z.sub_0_r in F. lia.
  - cbn [map better]. apply existsb_exists. exists (moved I C k (n k), Z.of_nat (n k) * cost_of k). split.
    + unfold options. apply in_map_iff. exists (n k). split; [auto|]. apply in_seq.
      specialize (H k (or_introl eq_refl)). lia.
    + cbn [total_of] in S, F.
      assert (N : 0 <= total_of (fun k => moved I C k (n k)) l).
      { clear. induction l as [|k l IH]; cbn; [lia|]. pose proof (moved_nonneg k (n k)). lia. }
      assert (T : so_far + moved I C k (n k) < loss C) by nia. apply Z.ltb_lt in T. rewrite T.
      apply IH; [intros; apply H; now right|lia|exact E|].
      replace (slack - Z.of_nat (n k) * cost_of k - total_of (fun k => Z.of_nat (n k) * cost_of k) l)
        with (slack - (Z.of_nat (n k) * cost_of k + total_of (fun k => Z.of_nat (n k) * cost_of k) l)) by lia. lia.
Qed.

(* How many of each class a mask keeps. *)
Definition counts (x : nat -> bool) (k : class) : nat := length (filter x (ranked I k)).
Lemma counts_most x k : (counts x k <= length (ranked I k))%nat.
Proof. unfold counts. induction (ranked I k) as [|i l IH]; cbn; [lia|]. destruct (x i); cbn; lia. Qed.

Lemma counts_spend x : over x (c I) (able I) = spends C (counts x).
Proof.
  unfold over, spends. rewrite by_class. apply total_same. intros k L. unfold counts.
  rewrite <- (unit_cost k) by (intros i K; apply filter_In in K as [K _]; now apply ranked_spec in K).
  induction (ranked I k) as [|i l IH]; cbn; [auto|]. rewrite IH. destruct (x i); cbn; lia.
Qed.

Lemma counts_retain x : over x (p I) (able I) <= total_of (fun k => sumZ (p I) (firstn (counts x k) (ranked I k))) (classes C).
Proof.
  unfold over. rewrite by_class. apply total_le. intros k L. apply largest_best; [|apply ranked_sorted].
  intros i K. apply ranked_spec in K as [K _]. apply able_spec in K as (_ & K & _). lia.
Qed.

Lemma mask_able i : mask I C i = true -> In i (able I).
Proof.
  intros H. apply existsb_exists in H as (k & _ & H). apply has_spec in H. apply (ranked_spec k).
  rewrite <- (firstn_skipn (kept k)). apply in_or_app. now left.
Qed.

Lemma mask_sum f : over (mask I C) f (able I) = total_of (fun k => sumZ f (firstn (kept k) (ranked I k))) (classes C).
Proof.
  unfold over. rewrite by_class. apply total_same. intros k L. rewrite <- (firstn_skipn (kept k) (ranked I k)) at 1.
  rewrite sum_app, (sum_null _ (skipn _ _)), Z.add_0_r.
  - apply sum_same. intros i Li. destruct (mask I C i) eqn:M; [auto|exfalso]. apply not_true_iff_false in M. apply M.
    apply existsb_exists. exists k. split; [auto|now apply has_spec].
  - intros i Li. destruct (mask I C i) eqn:M; [exfalso|auto]. apply existsb_exists in M as (j & Lj & M).
    apply has_spec in M. assert (Ei : In i (ranked I k)) by (rewrite <- (firstn_skipn (kept k)); apply in_or_app; now right).
    assert (Ej : In i (ranked I j)) by (rewrite <- (firstn_skipn (kept j)); apply in_or_app; now left).
    apply ranked_spec in Ei as [_ Ei], Ej as [_ Ej].
    assert (j = k).
    { pose proof numbers as (_ & _ & _ & N & _). clear -N L Lj Ei Ej. induction (classes C) as [|a r IH]; [destruct L|].
      cbn in N. apply NoDup_cons_iff in N as [N1 N2]. destruct L as [->|L], Lj as [->|Lj]; auto; exfalso; apply N1;
        apply in_map_iff; [exists j|exists k]; split; auto; congruence. }
    subst j. pose proof (ranked_nodup k) as N. rewrite <- (firstn_skipn (kept k)) in N.
    clear -N Li M. induction (firstn (kept k) (ranked I k)) as [|a r IH]; [destruct M|]. cbn in N.
    apply NoDup_cons_iff in N as [N1 N2]. destruct M as [->|M]; [|auto]. apply N1, in_or_app. auto.
Qed.
End Proof.

Theorem proved : claim.
Proof.
  intros I C V A M. unfold accepts, accounts_fine in A. rewrite !andb_true_iff in A.
  destruct A as ((((Fine & Listed) & Start) & ((((A0 & A1) & A2) & A3) & A4)) & A5).
  apply Z.leb_le in A1. apply Z.eqb_eq in A2, A3, A4. rewrite forallb_forall in A0.
  assert (Few : forall k, In k (classes C) -> (kept k <= length (ranked I k))%nat)
    by (intros k L; apply Nat.leb_le; auto).
  pose proof (numbers I C Fine) as (Un & En & _).
  assert (Out : forall f, over M f (indices I) = over M f (able I)).
  { intros f. apply over_able. intros i _ N H. exfalso. apply N. now apply (mask_able I C). }
  assert (K1 : cost I M = spent C).
  { unfold cost. rewrite Out. unfold M. rewrite (mask_sum I C Fine Listed), <- A2. unfold spends. apply total_same.
    intros k L. rewrite (unit_cost I k), firstn_length_le; auto.
    intros i Li. apply (ranked_spec I k). rewrite <- (firstn_skipn (kept k)). apply in_or_app. now left. }
  assert (K2 : value I M = retained C) by (unfold value; rewrite Out; unfold M; rewrite (mask_sum I C Fine Listed); exact A3).
  assert (Hb : budget I C <= B I) by (unfold budget; pose proof (grid_positive I C Fine); rewrite Z.mul_comm; apply Z.mul_div_le; lia).
  assert (K3 : cost I M <= B I) by lia.
  split; [exact K1|]. split; [exact K2|]. split; [exact K3|].
  assert (Gain : forall x, cost I x <= B I ->
    unit C * (value I x - value I M) <= loss C - loss_of I C (counts I x) /\ spends C (counts I x) <= budget I C).
  { intros x H. pose proof (cost_able I V x) as Ca. rewrite (counts_spend I C Fine Listed) in Ca. split.
    - rewrite (value_able I V x H), K2, <- A3. pose proof (counts_retain I C Fine Listed x) as Cr.
      pose proof (worth I C Start (counts I x) (fun k _ => counts_most I x k)) as W1.
      pose proof (worth I C Start kept Few) as W2. rewrite A4 in W2. nia.
    - apply (spends_within I C Fine). lia. }
  split.
  - intros x H. destruct (Gain x H) as [G S]. enough (0 <= loss_of I C (counts I x)) by lia.
    unfold loss_of. assert (0 <= total_of (fun k => moved I C k (counts I x k)) (classes C)).
    { clear. induction (classes C) as [|k l IH]; cbn; [lia|]. pose proof (moved_nonneg I C k (counts I x k)).
      lia. }
    nia.
  - intros X x H. destruct (Gain x H) as [G S]. rewrite X in A5. cbn [negb orb] in A5. apply negb_true_iff in A5.
    destruct (Z.le_gt_cases (value I x) (value I M)) as [|More]; [auto|exfalso].
    rewrite (search_meets I C (counts I x) (classes C)) in A5; [discriminate|intros; apply counts_most| | |]; auto.
    + unfold spends in S. lia.
    + unfold loss_of, spends in G. nia.
Qed.
