(* The dense search of theory/checker.py, a balanced dynamic programme: items by loss per joule, and for every slack of a
   window the least that leaves it. What it does not find is not there. *)
From Coq Require Import ZArith List Bool Lia Sorted.
From CWMP Require Import Integers.
Import ListNotations.
Open Scope Z_scope.

Section Dense.
(* Moving item i loses [price i] and shifts the slack by [move i]; slack costs [energy]; less than [target] is sought. *)
Variables (price move : nat -> Z) (energy target : Z).

Record window := Window { low : Z; paid : list Z }.  (* paid: the least that leaves low, low + 1, ... *)

(* Is there a slack that fits, below the target? *)
Fixpoint hit (slack : Z) (l : list Z) : bool :=
  match l with
  | [] => false
  | a :: r => if (0 <=? slack) && (a + energy * slack <? target) then true else hit (slack + 1) r
  end.

(* An item stays or moves. *)
Definition grow (i : nat) (w : window) : window :=
  let never := repeat target (Z.to_nat (Z.abs (move i))) in
  let '(stay, go) := if 0 <? move i then (paid w ++ never, never ++ paid w) else (never ++ paid w, paid w ++ never) in
  Window (low w + Z.min (move i) 0) (map (fun '(a, b) => Z.min a (b + price i)) (combine stay go)).

(* Items from i on lose more per joule, so they bring no slack home that is worth the target to them. *)
Definition trim (i : nat) (w : window) : window :=
  if price i =? 0 then w else
  let below := target * Z.abs (move i) / price i in
  let first := Z.max 0 (- below - low w) in
  let rest := skipn (Z.to_nat first) (paid w) in
  Window (low w + first)
    (if energy =? 0 then rest
     else firstn (Z.to_nat (Z.max below (target / energy) + 1 - low w - first)) rest).

Fixpoint dense (w : window) (l : list nat) : bool :=
  if hit (low w) (paid w) then true else
  match l with [] => false | i :: r => dense (grow i (trim i w)) r end.

Definition flatter (i j : nat) : bool := price i * Z.abs (move j) <=? price j * Z.abs (move i).

(* --- what it finds --- *)

Definition cell (w : window) (s : Z) : Z := if s <? low w then target else nth (Z.to_nat (s - low w)) (paid w) target.

Lemma hit_spec l : forall slack k, nth k l target + energy * (slack + Z.of_nat k) < target -> 0 <= energy ->
  0 <= slack + Z.of_nat k -> hit slack l = true.
Proof.
  induction l as [|a l IH]; intros slack k H E H0.
  - exfalso. destruct k; cbn in H; nia.
  - cbn [hit]. destruct ((0 <=? slack) && (a + energy * slack <? target)) eqn:X; [auto|]. destruct k as [|k].
    + exfalso. apply andb_false_iff in X as [X|X]; [apply Z.leb_gt in X; lia|apply Z.ltb_ge in X; cbn in H].
      rewrite Z.add_0_r in H. lia.
    + cbn [nth] in H. apply (IH (slack + 1) k); [|exact E|lia].
      replace (slack + 1 + Z.of_nat k) with (slack + Z.of_nat (S k)) by lia. exact H.
Qed.

Lemma nth_grown a b k i : 0 <= price i -> length a = length b ->
  nth k (map (fun '(a, b) => Z.min a (b + price i)) (combine a b)) target =
  Z.min (nth k a target) (nth k b target + price i).
Proof.
  intros P. revert b k. induction a as [|x a IH]; intros b k L; destruct b as [|y b]; try discriminate.
  - destruct k; cbn; lia.
  - destruct k; cbn; [lia|]. apply IH. now injection L.
Qed.

Lemma grow_cell i w s : 0 <= price i -> cell w s < target ->
  cell (grow i w) s <= cell w s /\ cell (grow i w) (s + move i) <= cell w s + price i.
Proof.
  intros P. unfold cell at 1 3 5. destruct (Z.ltb_spec s (low w)) as [|L]; [lia|]. set (k := Z.to_nat (s - low w)). intros C.
  assert (K : (k < length (paid w))%nat).
  { destruct (Nat.lt_ge_cases k (length (paid w))) as [|G]; [auto|]. rewrite nth_overflow in C by exact G. lia. }
  unfold grow, cell. set (m := Z.to_nat (Z.abs (move i))). destruct (Z.ltb_spec 0 (move i)) as [M|M]; cbn [low Dense.paid].
  - replace (low w + Z.min (move i) 0) with (low w) by lia. split.
    + destruct (Z.ltb_spec s (low w)); [lia|]. fold k. rewrite nth_grown; [|exact P|rewrite !app_length; lia].
      rewrite (app_nth1 (paid w)) by exact K. lia.
    + destruct (Z.ltb_spec (s + move i) (low w)); [lia|]. replace (Z.to_nat (s + move i - low w)) with (m + k)%nat by lia.
      rewrite nth_grown; [|exact P|rewrite !app_length; lia].
      rewrite (app_nth2 (repeat _ _)); rewrite repeat_length; [|lia]. replace (m + k - m)%nat with k by lia. lia.
  - replace (low w + Z.min (move i) 0) with (low w + move i) by lia. split.
    + destruct (Z.ltb_spec s (low w + move i)); [lia|]. replace (Z.to_nat (s - (low w + move i))) with (m + k)%nat by lia.
      rewrite nth_grown; [|exact P|rewrite !app_length; lia].
      rewrite (app_nth2 (repeat _ _)); rewrite repeat_length; [|lia]. replace (m + k - m)%nat with k by lia. lia.
    + destruct (Z.ltb_spec (s + move i) (low w + move i)); [lia|].
      replace (Z.to_nat (s + move i - (low w + move i))) with k by lia.
      rewrite nth_grown; [|exact P|rewrite !app_length; lia]. rewrite (app_nth1 (paid w)) by exact K. lia.
Qed.

Definition nonneg (w : window) := Forall (fun a => 0 <= a) (paid w).

Lemma grow_nonneg i w : 0 <= price i -> 0 <= target -> nonneg w -> nonneg (grow i w).
Proof.
  intros P T N. assert (R : Forall (fun a => 0 <= a) (repeat target (Z.to_nat (Z.abs (move i))))).
  { apply Forall_forall. intros a L. apply repeat_spec in L. lia. }
  unfold nonneg, grow in *. destruct (0 <? move i); cbn [Dense.paid]; apply Forall_forall; intros x L;
    apply in_map_iff in L as ([a b] & <- & L); pose proof (in_combine_l _ _ _ _ L) as La;
    pose proof (in_combine_r _ _ _ _ L) as Lb; rewrite in_app_iff in La, Lb; rewrite Forall_forall in N, R;
    assert (0 <= a) by (destruct La; auto); assert (0 <= b) by (destruct Lb; auto); lia.
Qed.

Lemma trim_nonneg i w : nonneg w -> nonneg (trim i w).
Proof.
  unfold nonneg, trim. intros N. destruct (price i =? 0); [exact N|]. rewrite Forall_forall in *. intros a L. apply N.
  cbn [Dense.paid] in L. assert (S : forall k (l : list Z), incl (skipn k l) l).
  { intros k l x X. rewrite <- (firstn_skipn k l). apply in_or_app. auto. }
  assert (F : forall k (l : list Z), incl (firstn k l) l).
  { intros k l x X. rewrite <- (firstn_skipn k l). apply in_or_app. auto. }
  destruct (energy =? 0); [|apply F in L]; now apply S in L.
Qed.

Lemma nth_skipn k (l : list Z) : forall n, nth n (skipn k l) target = nth (k + n) l target.
Proof. revert l. induction k as [|k IH]; intros l n; [auto|]. destruct l; cbn; [destruct n; auto|apply IH]. Qed.
Lemma nth_firstn k (l : list Z) : forall n, (n < k)%nat -> nth n (firstn k l) target = nth n l target.
Proof. revert l. induction k as [|k IH]; intros l n H; [lia|]. destruct l, n; cbn; auto. apply IH. lia. Qed.

Lemma cell_nonneg w s : 0 <= target -> nonneg w -> 0 <= cell w s.
Proof.
  intros T N. unfold cell. destruct (s <? low w); [lia|]. destruct (nth_in_or_default (Z.to_nat (s - low w)) (paid w) target)
    as [L| ->]; [|lia]. unfold nonneg in N. rewrite Forall_forall in N. now apply N.
Qed.

(* Slacks that may still end below the target are kept. *)
Lemma trim_keeps i w s total shift : 0 <= energy -> 0 <= price i -> move i <> 0 -> 0 <= s + shift ->
  price i * Z.abs shift <= total * Z.abs (move i) -> 0 <= total -> total + energy * (s + shift) < target ->
  cell (trim i w) s = cell w s.
Proof.
  intros E P M S R T F. unfold trim. destruct (Z.eqb_spec (price i) 0) as [|Pi]; [auto|].
  set (m := Z.abs (move i)) in *. assert (Mm : 0 < m) by lia. clearbody m.
  set (below := target * m / price i). set (first := Z.max 0 (- below - low w)).
  assert (D : target * m < price i * (below + 1)).
  { pose proof (Z.mul_succ_div_gt (target * m) (price i)). unfold below. nia. }
  assert (Lo : - below <= s).
  { destruct (Z.le_gt_cases (- below) s) as [|G]; [auto|exfalso]. assert (total < target) by nia.
    assert (price i * (below + 1) <= price i * Z.abs shift) by nia. nia. }
  unfold cell. cbn [low Dense.paid]. destruct (Z.ltb_spec s (low w)) as [L|L].
  - destruct (Z.ltb_spec s (low w + first)); [auto|lia].
  - destruct (Z.ltb_spec s (low w + first)) as [G|G]; [lia|].
    assert (Q : (Z.to_nat first + Z.to_nat (s - (low w + first)) = Z.to_nat (s - low w))%nat) by lia.
    destruct (Z.eqb_spec energy 0) as [|Ne]; [rewrite nth_skipn, Q; auto|].
    rewrite nth_firstn; [rewrite nth_skipn, Q; auto|].
    assert (Up : s <= Z.max below (target / energy)); [|lia].
    destruct (Z.le_gt_cases s (Z.max below (target / energy))) as [|U]; [auto|exfalso].
    assert (U1 : target * m < price i * s) by (assert (price i * (below + 1) <= price i * s) by (apply Z.mul_le_mono_nonneg_l; lia); lia).
    assert (U2 : target < energy * s) by (pose proof (Z.mul_succ_div_gt target energy);
      assert (energy * Z.succ (target / energy) <= energy * s) by (apply Z.mul_le_mono_nonneg_l; lia); lia).
    destruct (Z.le_gt_cases 0 shift) as [H|H]; [nia|]. rewrite Z.abs_neq in R by lia. set (f := s + shift) in *.
    assert (Hs : 0 < s) by lia. assert (A1 : price i * (s - f) <= total * m) by (unfold f; lia).
    assert (A2 : (s - f) * (target * m) <= (s - f) * (price i * s)) by (apply Z.mul_le_mono_nonneg_l; unfold f; lia).
    assert (A3 : f * (m * target) <= f * (m * (energy * s))) by (apply Z.mul_le_mono_nonneg_l; [lia|apply Z.mul_le_mono_nonneg_l; lia]).
    assert (A4 : s * (price i * (s - f)) <= s * (total * m)) by (apply Z.mul_le_mono_nonneg_l; lia).
    assert (A5 : s * (m * (total + energy * f)) < s * (m * target))
      by (apply Z.mul_lt_mono_pos_l; [lia|apply Z.mul_lt_mono_pos_l; lia]). lia.
Qed.

(* The least loss per joule is that of the first item. *)
Lemma per_joule e i l : (forall j, In j l -> 0 <= price j) -> 0 <= price i -> (forall j, In j l -> flatter i j = true) ->
  price i * Z.abs (over e move l) <= over e price l * Z.abs (move i).
Proof.
  unfold over. intros P Pi F. induction l as [|j l IH]; cbn; [lia|].
  assert (G := IH (fun k K => P k (or_intror K)) (fun k K => F k (or_intror K))).
  specialize (F j (or_introl eq_refl)). apply Z.leb_le in F. destruct (e j); [|exact G].
  set (t := sumZ (fun i0 => if e i0 then move i0 else 0) l) in *.
  assert (price i * Z.abs (move j + t) <= price i * (Z.abs (move j) + Z.abs t)) by (apply Z.mul_le_mono_nonneg_l; lia). lia.
Qed.

Lemma pays_nonneg e l : (forall j, In j l -> 0 <= price j) -> 0 <= over e price l.
Proof. intros P. apply sum_nonneg. intros j L. specialize (P j L). destruct (e j); lia. Qed.

Theorem dense_meets e l : 0 <= target -> 0 <= energy -> (forall i, In i l -> 0 <= price i /\ move i <> 0) ->
  in_sequence flatter l -> forall w s, nonneg w -> 0 <= s + over e move l ->
  cell w s + over e price l + energy * (s + over e move l) < target -> dense w l = true.
Proof.
  intros T E. induction l as [|i l IH]; intros P Q w s N S F; cbn [dense]; destruct (hit (low w) (paid w)) eqn:X; auto.
  - exfalso. assert (F' : cell w s + energy * s < target) by (unfold over in F; cbn in F; lia).
    unfold over in S. cbn in S. rewrite Z.add_0_r in S. unfold cell in F'.
    destruct (Z.ltb_spec s (low w)) as [L|L]; [nia|].
    rewrite (hit_spec (paid w) (low w) (Z.to_nat (s - low w))) in X; [discriminate| |exact E|lia].
    replace (low w + Z.of_nat (Z.to_nat (s - low w))) with s by lia. exact F'.
  - apply StronglySorted_inv in Q as [Q Fl]. rewrite Forall_forall in Fl. destruct (P i (or_introl eq_refl)) as [Pi Mi].
    assert (Pl : forall j, In j (i :: l) -> 0 <= price j) by (intros j L; now apply P).
    pose proof (cell_nonneg w s T N) as C0. pose proof (pays_nonneg e (i :: l) Pl) as O1.
    pose proof (pays_nonneg e l (fun j L => Pl j (or_intror L))) as O2.
    assert (J : price i * Z.abs (over e move (i :: l)) <= over e price (i :: l) * Z.abs (move i)).
    { apply per_joule; auto. intros j [<-|L]; [apply Z.leb_le; lia|auto]. }
    assert (K : cell (trim i w) s = cell w s) by (apply (trim_keeps i w s (over e price (i :: l)) (over e move (i :: l))); auto; lia).
    destruct (grow_cell i (trim i w) s Pi) as [G1 G2]; [rewrite K; nia|]. rewrite K in G1, G2.
    assert (N' : nonneg (grow i (trim i w))) by (apply grow_nonneg; auto; now apply trim_nonneg).
    assert (IH' := IH (fun j L => P j (or_intror L)) Q (grow i (trim i w))). unfold over in S, F. cbn [total add integers] in S, F.
    fold (over e move l) in S, F. fold (over e price l) in F. destruct (e i).
    + apply (IH' (s + move i)); [exact N'|lia|]. replace (s + move i + over e move l) with (s + (move i + over e move l)) by lia. lia.
    + apply (IH' s); [exact N'|lia|]. rewrite Z.add_0_l in *. lia.
Qed.
End Dense.
