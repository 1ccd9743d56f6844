(* Finite laws: means, chances, independent coordinates, and how far a mean strays (Cantelli's and Hoeffding's
   inequalities, from nothing but finite sums). *)
From Coq Require Import Reals Lra Psatz List Bool Arith Lia.
From CWMP Require Export Sums Exponential.
Import ListNotations.
Open Scope R_scope.

Fixpoint product (f : nat -> R) (l : list nat) : R := match l with [] => 1 | k :: r => f k * product f r end.
Definition less (x y : R) : bool := if Rlt_dec x y then true else false.

Section Law.
(* Outcomes w of probability q w. *)
Variables (outcomes : nat) (q : nat -> R).
Definition law : Prop := (forall w, In w (seq 0 outcomes) -> 0 <= q w) /\ sum q (seq 0 outcomes) = 1.
Definition mean (X : nat -> R) : R := sum (fun w => q w * X w) (seq 0 outcomes).
Definition chance (A : nat -> bool) : R := sum (fun w => if A w then q w else 0) (seq 0 outcomes).
Definition variance (X : nat -> R) : R := mean (fun w => (X w - mean X) ^ 2).

(* Coordinate k < d has score p k w and cost c k w. *)
Variables (d : nat) (p c : nat -> nat -> R).
Definition independent : Prop := forall g : nat -> R -> R -> R,
  mean (fun w => product (fun k => g k (p k w) (c k w)) (seq 0 d)) =
  product (fun k => mean (fun w => g k (p k w) (c k w))) (seq 0 d).
Definition pairwise_independent : Prop := forall j k, In j (seq 0 d) -> In k (seq 0 d) -> j <> k ->
  forall f g : R -> R -> R,
  mean (fun w => f (p j w) (c j w) * g (p k w) (c k w)) = mean (fun w => f (p j w) (c j w)) * mean (fun w => g (p k w) (c k w)).

(* Three bounds on how far the mean of f over the coordinates strays above the mean of f, whose values span a range:
   A e is the chance that something strays by e. *)
Definition bounds (f : R -> R -> R) (range : R) (A : R -> R) : Prop :=
  let F k w := f (p k w) (c k w) in
  (* Hoeffding, L being ln (1/failure) *)
  (forall L, independent -> 0 <= L -> A (range * sqrt (L / (2 * INR d))) <= exp (- L)) /\
  (* Bernstein, where no value is more than b above the mean *)
  (forall L s b, independent -> 0 <= L -> 0 < b -> (forall k, In k (seq 0 d) -> variance (F k) = s) ->
     (forall k w, In k (seq 0 d) -> In w (seq 0 outcomes) -> F k w - mean (F k) <= b) ->
     A (b * L / (3 * INR d) + sqrt ((b * L / (3 * INR d)) ^ 2 + 2 * s * L / INR d)) <= exp (- L)) /\
  (* Chebyshev, one-sided (Cantelli) *)
  (forall failure s, 0 < failure <= 1 -> pairwise_independent -> (forall k, In k (seq 0 d) -> variance (F k) = s) ->
     A (sqrt (s * (/ failure - 1) / INR d)) <= failure).
End Law.

Lemma product_ext f g l : (forall k, In k l -> f k = g k) -> product f l = product g l.
Proof. induction l as [|k l IH]; intros H; cbn; [auto|]. rewrite (H k), IH; [auto|intros; apply H; now right|now left]. Qed.
Lemma product_exp f l : product (fun k => exp (f k)) l = exp (sum f l).
Proof. induction l as [|k l IH]; cbn; [now rewrite exp_0|]. rewrite IH, <- exp_plus. reflexivity. Qed.
Lemma product_nonneg f l : (forall k, In k l -> 0 <= f k) -> 0 <= product f l.
Proof.
  induction l as [|k l IH]; intros H; cbn; [lra|]. apply Rmult_le_pos; [apply H; now left|apply IH; intros; apply H; now right].
Qed.
Lemma product_le f g l : (forall k, In k l -> 0 <= f k <= g k) -> product f l <= product g l.
Proof.
  induction l as [|k l IH]; intros H; cbn; [lra|]. apply Rmult_le_compat.
  - now apply (H k (or_introl eq_refl)).
  - apply product_nonneg. intros j L. now apply (H j (or_intror L)).
  - now apply (H k (or_introl eq_refl)).
  - apply IH. intros j L. apply (H j (or_intror L)).
Qed.
Lemma product_rest f l : (forall k, In k l -> f k = 1) -> product f l = 1.
Proof. induction l as [|k l IH]; intros H; cbn; [auto|]. rewrite (H k), IH; [lra|intros; apply H; now right|now left]. Qed.
Lemma product_one f j l : NoDup l -> In j l -> (forall k, In k l -> k <> j -> f k = 1) -> product f l = f j.
Proof.
  induction 1 as [|i l N Nd IH]; intros L H; [destruct L|]. cbn. destruct (Nat.eq_dec i j) as [->|E].
  - rewrite product_rest; [lra|]. intros k K. apply H; [now right|]. intros ->. tauto.
  - destruct L as [->|L]; [tauto|]. rewrite (H i (or_introl eq_refl) E), IH; auto; [lra|]. intros k K. apply H. now right.
Qed.
Lemma product_two f i j l : NoDup l -> In i l -> In j l -> i <> j -> (forall k, In k l -> k <> i -> k <> j -> f k = 1) ->
  product f l = f i * f j.
Proof.
  induction 1 as [|a l N Nd IH]; intros Li Lj E H; [destruct Li|]. cbn. destruct Li as [->|Li], Lj as [->|Lj].
  - tauto.
  - f_equal. apply product_one; auto. intros k K Q. apply H; [now right| |exact Q]. intros ->. tauto.
  - rewrite Rmult_comm. f_equal. apply product_one; auto. intros k K Q. apply H; [now right|exact Q|]. intros ->. tauto.
  - assert (a <> i) by (intros ->; tauto). assert (a <> j) by (intros ->; tauto).
    rewrite (H a), IH; auto; [lra| |now left]. intros k K. apply H. now right.
Qed.

Section Facts.
Variables (outcomes : nat) (q : nat -> R).
Hypothesis Q : law outcomes q.
Notation mean := (mean outcomes q).
Notation chance := (chance outcomes q).
Let O := seq 0 outcomes.

Lemma mean_le X Y : (forall w, In w O -> X w <= Y w) -> mean X <= mean Y.
Proof. intros H. apply sum_le. intros w L. apply Rmult_le_compat_l; [now apply Q|auto]. Qed.
Lemma mean_ext X Y : (forall w, In w O -> X w = Y w) -> mean X = mean Y.
Proof. intros H. apply sum_ext. intros w L. now rewrite H. Qed.
Lemma mean_plus X Y : mean (fun w => X w + Y w) = mean X + mean Y.
Proof. unfold FiniteLaw.mean. rewrite <- sum_plus. apply sum_ext. intros; ring. Qed.
Lemma mean_scale a X : mean (fun w => a * X w) = a * mean X.
Proof. unfold FiniteLaw.mean. rewrite <- sum_scale. apply sum_ext. intros; ring. Qed.
Lemma mean_const a : mean (fun _ => a) = a.
Proof.
  unfold FiniteLaw.mean. rewrite (sum_ext _ (fun w => a * q w)) by (intros; ring). rewrite sum_scale. destruct Q as [_ ->]. ring.
Qed.
Lemma mean_minus X Y : mean (fun w => X w - Y w) = mean X - mean Y.
Proof. unfold FiniteLaw.mean. rewrite <- sum_minus. apply sum_ext. intros; ring. Qed.
Lemma mean_sum (X : nat -> nat -> R) l : mean (fun w => sum (fun k => X k w) l) = sum (fun k => mean (X k)) l.
Proof.
  unfold FiniteLaw.mean. rewrite (sum_ext _ (fun w => sum (fun k => q w * X k w) l)) by (intros; now rewrite sum_scale).
  apply (sum_swap (fun w k => q w * X k w)).
Qed.

Lemma chance_mean A : chance A = mean (fun w => if A w then 1 else 0).
Proof. apply sum_ext. intros w _. destruct (A w); lra. Qed.
(* Markov: an event on which Z is at least 1. *)
Lemma markov A Z : (forall w, In w O -> 0 <= Z w) -> (forall w, In w O -> A w = true -> 1 <= Z w) -> chance A <= mean Z.
Proof. intros P H. rewrite chance_mean. apply mean_le. intros w L. specialize (P w L). specialize (H w L). destruct (A w); auto. Qed.
Lemma chance_le A B : (forall w, In w O -> A w = true -> B w = true) -> chance A <= chance B.
Proof.
  intros H. apply sum_le. intros w L. specialize (H w L). destruct Q as [P _]. specialize (P w L).
  destruct (A w); [rewrite H by auto; lra|destruct (B w); lra].
Qed.
Lemma chance_one A : chance A <= 1.
Proof.
  rewrite chance_mean. apply Rle_trans with (mean (fun _ => 1)); [|rewrite mean_const; lra].
  apply mean_le. intros w _. destruct (A w); lra.
Qed.
Lemma chance_none A : (forall w, In w O -> A w = false) -> chance A = 0.
Proof. intros H. unfold FiniteLaw.chance. rewrite (sum_ext _ (fun _ => 0)); [apply sum_zero|]. intros w L. now rewrite H. Qed.
Lemma chance_union A B C : (forall w, In w O -> A w = true -> B w = true \/ C w = true) -> chance A <= chance B + chance C.
Proof.
  intros H. unfold FiniteLaw.chance. rewrite <- sum_plus. apply sum_le. intros w L. specialize (H w L). destruct Q as [P _]. specialize (P w L).
  destruct (A w); [destruct H as [-> | ->]; auto; [destruct (C w); lra|destruct (B w); lra]|destruct (B w), (C w); lra].
Qed.
Lemma less_true x y : less x y = true <-> x < y.
Proof. unfold less. destruct Rlt_dec; split; intros; auto; try discriminate; lra. Qed.

Lemma hoeffding_lemma X v a b t : 0 < t -> a < b -> mean X <= v -> (forall w, In w O -> a <= X w <= b) ->
  mean (fun w => exp (t * (X w - v))) <= exp (t ^ 2 * (b - a) ^ 2 / 8).
Proof.
  intros T AB M H. set (m := mean X) in *.
  assert (Lo : a <= m) by (unfold m; rewrite <- (mean_const a); apply mean_le; intros w L; apply (H w L)).
  assert (Hi : m <= b) by (unfold m; rewrite <- (mean_const b); apply mean_le; intros w L; apply (H w L)).
  set (r := (m - a) / (b - a)). assert (Er : r * (b - a) = m - a) by (unfold r; field; lra).
  assert (R : 0 <= r <= 1) by (split; (apply Rmult_le_reg_r with (b - a); [lra|]); rewrite ?Er; lra).
  apply Rle_trans with (mean (fun w => exp (t * (X w - m)))).
  { apply mean_le. intros w _. apply exp_le. nra. }
  apply Rle_trans with (mean (fun w => exp (t * (a - m)) + (X w - a) * ((exp (t * (b - m)) - exp (t * (a - m))) / (b - a)))).
  - apply mean_le. intros w L. specialize (H w L). set (s := (X w - a) / (b - a)).
    assert (Es : s * (b - a) = X w - a) by (unfold s; field; lra).
    assert (S : 0 <= s <= 1) by (split; (apply Rmult_le_reg_r with (b - a); [lra|]); rewrite ?Es; lra).
    pose proof (exp_convex s (t * (b - m)) (t * (a - m)) S) as C.
    replace (s * (t * (b - m)) + (1 - s) * (t * (a - m))) with (t * (X w - m)) in C
      by (replace (X w) with (s * (b - a) + a) by lra; ring).
    eapply Rle_trans; [exact C|]. right. unfold s. field. lra.
  - rewrite mean_plus, mean_const.
    rewrite (mean_ext _ (fun w => (exp (t * (b - m)) - exp (t * (a - m))) / (b - a) * (X w - a))) by (intros; ring).
    rewrite mean_scale, mean_minus, mean_const. fold m. set (h := t * (b - a)).
    pose proof (two_points r R h) as P. replace (h ^ 2) with (t ^ 2 * (b - a) ^ 2) in P by (unfold h; ring).
    eapply Rle_trans; [|apply P; unfold h; nra]. right.
    replace (t * (a - m)) with (- (h * r)) by (unfold h; rewrite Rmult_assoc, (Rmult_comm (b - a)), Er; ring).
    replace (t * (b - m)) with (h * (1 - r)) by (unfold h; replace (t * (b - a) * (1 - r)) with (t * (b - a - r * (b - a))) by ring; rewrite Er; ring).
    replace (m - a) with (r * (b - a)) by lra. field. lra.
Qed.

Section Coordinates.
Variables (d : nat) (p c : nat -> nat -> R).
Hypothesis D : (0 < d)%nat.
Let K := seq 0 d.

Lemma all_then_pairs : independent outcomes q d p c -> pairwise_independent outcomes q d p c.
Proof.
  intros Ind i j Li Lj E f g.
  set (h := fun k x y => if Nat.eq_dec k i then f x y else if Nat.eq_dec k j then g x y else 1).
  assert (Two : forall x y, product (fun k => h k (x k) (y k)) K = f (x i) (y i) * g (x j) (y j)).
  { intros x y. rewrite (product_two _ i j); auto; [|apply seq_NoDup|].
    - unfold h. destruct (Nat.eq_dec i i), (Nat.eq_dec j i), (Nat.eq_dec j j); try tauto. now subst.
    - intros k _ E1 E2. unfold h. destruct (Nat.eq_dec k i), (Nat.eq_dec k j); tauto. }
  transitivity (mean (fun w => product (fun k => h k (p k w) (c k w)) K)).
  { apply mean_ext. intros w _. symmetry. apply (Two (fun k => p k w) (fun k => c k w)). }
  unfold K. rewrite (Ind h), (product_two _ i j); auto; [|apply seq_NoDup|].
  - unfold h. destruct (Nat.eq_dec i i), (Nat.eq_dec j i), (Nat.eq_dec j j); try tauto. now subst.
  - intros k _ E1 E2. unfold h. destruct (Nat.eq_dec k i), (Nat.eq_dec k j); try tauto. apply mean_const.
Qed.

(* A function of each coordinate, of mean at most v. *)
Variables (f : R -> R -> R) (v : R).
Let X k w := f (p k w) (c k w).
Let S w := sum (fun k => X k w) K.

(* --- Cantelli --- *)

Section Cantelli.
Variable s : R.
Hypothesis Pairs : pairwise_independent outcomes q d p c.
Hypothesis Mean : forall k, In k K -> mean (X k) = v.
Hypothesis Var : forall k, In k K -> mean (fun w => (X k w - v) ^ 2) = s.

Lemma square_sum (a : nat -> R) l : sum a l ^ 2 = sum (fun j => sum (fun k => a j * a k) l) l.
Proof.
  rewrite (sum_ext (fun j => sum (fun k => a j * a k) l) (fun j => sum a l * a j)) by (intros; rewrite sum_scale; ring).
  rewrite sum_scale. ring.
Qed.

Lemma variance_sum : mean (fun w => (S w - INR d * v) ^ 2) = INR d * s.
Proof.
  set (Z := fun k w => X k w - v).
  assert (Zero : forall k, In k K -> mean (Z k) = 0).
  { intros k L. unfold Z. rewrite mean_minus, mean_const, Mean by exact L. lra. }
  rewrite (mean_ext _ (fun w => sum (fun j => sum (fun k => Z j w * Z k w) K) K)).
  - rewrite (mean_sum (fun j w => sum (fun k => Z j w * Z k w) K)).
    rewrite (sum_ext _ (fun _ => s)); [rewrite sum_const; unfold K; rewrite seq_length; ring|]. intros j L.
    rewrite (mean_sum (fun k w => Z j w * Z k w)).
    rewrite (sum_ext _ (fun k => kept [j] k * s)).
    + rewrite (sum_kept (fun _ => s)); [cbn; ring|repeat constructor; tauto|intros ? [<-|[]]; exact L|apply seq_NoDup].
    + intros k Lk. destruct (Nat.eq_dec j k) as [<-|E].
      * rewrite kept_in, Rmult_1_l by now left. rewrite <- (Var j L). apply mean_ext. intros w _. unfold Z. ring.
      * rewrite kept_out by (intros [E'|[]]; tauto).
        pose proof (Pairs j k L Lk E (fun x y => f x y - v) (fun x y => f x y - v)) as P. cbv beta in P.
        fold (X j) in P. transitivity (mean (Z j) * mean (Z k)); [exact P|]. rewrite Zero by exact L. ring.
  - intros w _. rewrite <- square_sum. f_equal. unfold Z, S. rewrite sum_minus, sum_const. unfold K. rewrite seq_length. ring.
Qed.

Lemma d_positive : 0 < INR d.
Proof. now apply lt_0_INR. Qed.

(* Where nothing varies, nothing strays. *)
Lemma no_variance eps : s = 0 -> 0 <= eps -> chance (fun w => less (INR d * (v + eps)) (S w)) <= 0.
Proof.
  intros Sz E0. pose proof d_positive as Dp. pose proof variance_sum as V.
  rewrite <- (sum_zero O). apply sum_le. intros w L. destruct less eqn:A; [|lra].
  apply less_true in A. assert (Y : q w * (S w - INR d * v) ^ 2 <= 0).
  { rewrite Sz, Rmult_0_r in V. rewrite <- V. apply (sum_one (fun w => q w * (S w - INR d * v) ^ 2)); [|exact L].
    intros k Lk. apply Rmult_le_pos; [now apply Q|apply pow2_ge_0]. }
  assert (0 < (S w - INR d * v) ^ 2) by (apply pow_lt; nra). destruct Q as [P _]. specialize (P w L). nra.
Qed.
Lemma variance_nonneg : 0 <= s.
Proof.
  assert (L : In 0%nat K) by (apply in_seq; lia). rewrite <- (Var 0%nat L). rewrite <- (mean_const 0).
  apply mean_le. intros w _. apply pow2_ge_0.
Qed.

Theorem cantelli failure : 0 < failure <= 1 ->
  chance (fun w => less (INR d * (v + sqrt (s * (/ failure - 1) / INR d))) (S w)) <= failure.
Proof.
  intros F. pose proof d_positive as Dp. pose proof variance_nonneg as S0.
  assert (R0 : 0 <= / failure - 1).
  { assert (/ 1 <= / failure) by (apply Rinv_le_contravar; lra). lra. }
  destruct (Req_dec failure 1) as [->|F1]; [apply chance_one|].
  assert (R1 : 0 < / failure - 1).
  { assert (/ 1 < / failure) by (apply Rinv_lt_contravar; lra). lra. }
  set (eps := sqrt (s * (/ failure - 1) / INR d)).
  assert (E2 : eps ^ 2 = s * (/ failure - 1) / INR d).
  { unfold eps. replace (sqrt _ ^ 2) with (sqrt (s * (/ failure - 1) / INR d) * sqrt (s * (/ failure - 1) / INR d)) by ring.
    apply sqrt_sqrt. apply Rmult_le_pos; [nra|left; now apply Rinv_0_lt_compat]. }
  assert (E0 : 0 <= eps) by apply sqrt_pos. pose proof variance_sum as V.
  destruct (Req_dec s 0) as [Sz|Sn].
  - (* nothing varies *)
    apply Rle_trans with 0; [|lra]. now apply no_variance.
  - assert (Ep : 0 < eps). { destruct E0 as [|E0]; [auto|]. rewrite <- E0 in E2. assert (0 < s * (/ failure - 1) / INR d); [|lra].
      apply Rdiv_lt_0_compat; nra. }
    set (t := INR d * eps). set (u := INR d * s / t).
    assert (T : 0 < t) by (unfold t; nra). assert (U : 0 < u) by (unfold u; apply Rdiv_lt_0_compat; nra).
    eapply Rle_trans; [apply (markov _ (fun w => / (t + u) ^ 2 * (S w - INR d * v + u) ^ 2))|].
    + intros w _. apply Rmult_le_pos; [left; apply Rinv_0_lt_compat; nra|apply pow2_ge_0].
    + intros w _ A. apply less_true in A. apply Rmult_le_reg_l with ((t + u) ^ 2); [nra|].
      rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l, Rmult_1_r by nra. apply pow_incr. unfold t in *. lra.
    + rewrite mean_scale. rewrite (mean_ext _ (fun w => (S w - INR d * v) ^ 2 + 2 * u * (S w - INR d * v) + u * u)) by (intros; ring).
      rewrite !mean_plus, mean_scale, mean_minus, !mean_const, V.
      assert (M : mean S = INR d * v).
      { unfold S. rewrite (mean_sum X K), (sum_ext _ (fun _ => v)) by (intros k L; now apply Mean). rewrite sum_const. unfold K. rewrite seq_length. ring. }
      rewrite M. set (g := INR d * s) in *. assert (G : 0 < g) by (unfold g; nra).
      assert (Tu : t * u = g) by (unfold u; field; lra).
      assert (T2 : t ^ 2 + g = g / failure).
      { unfold t. rewrite Rpow_mult_distr, E2. unfold g. field. lra. }
      assert (Eq : g + u * u = failure * (t + u) ^ 2).
      { apply Rmult_eq_reg_l with (t ^ 2); [|nra]. replace (t ^ 2 * (g + u * u)) with (g * t ^ 2 + (t * u) ^ 2) by ring.
        replace (t ^ 2 * (failure * (t + u) ^ 2)) with (failure * (t ^ 2 + t * u) ^ 2) by ring. rewrite Tu, T2.
        replace (t ^ 2) with (g / failure - g) by lra. field. lra. }
      replace (g + 2 * u * (INR d * v - INR d * v) + u * u) with (g + u * u) by ring. rewrite Eq. right. field. nra.
Qed.
End Cantelli.

(* --- Bernstein --- *)

Section Bernstein.
Variables (s b : R).
Hypothesis Ind : independent outcomes q d p c.
Hypothesis Mean : forall k, In k K -> mean (X k) = v.
Hypothesis Var : forall k, In k K -> mean (fun w => (X k w - v) ^ 2) = s.
Hypothesis Top : forall k w, In k K -> In w O -> X k w - v <= b.
Hypothesis B0 : 0 < b.

Lemma bernstein_lemma k t : In k K -> 0 < t -> t * b < 3 -> mean (fun w => exp (t * (X k w - v))) <= exp (t ^ 2 * s * / (2 * (1 - t * b / 3))).
Proof.
  intros L T U. set (A := / (2 * (1 - t * b / 3))).
  apply Rle_trans with (mean (fun w => 1 + t * (X k w - v) + t ^ 2 * A * (X k w - v) ^ 2)).
  - apply mean_le. intros w W. specialize (Top k w L W).
    assert (E : t * (X k w - v) <= t * b) by (apply Rmult_le_compat_l; lra).
    assert (P : 0 < t * b < 3) by (split; [nra|exact U]).
    pose proof (exp_bound (t * (X k w - v)) (t * b) E P) as G. fold A in G. eapply Rle_trans; [exact G|]. right. ring.
  - rewrite !mean_plus, !mean_scale, mean_minus, !mean_const, Mean, Var by exact L.
    replace (1 + t * (v - v) + t ^ 2 * A * s) with (1 + t ^ 2 * s * A) by ring. apply exp_tangent.
Qed.

Theorem bernstein L : 0 <= L ->
  chance (fun w => less (INR d * (v + (b * L / (3 * INR d) + sqrt ((b * L / (3 * INR d)) ^ 2 + 2 * s * L / INR d)))) (S w)) <= exp (- L).
Proof.
  intros [Lp| <-]; pose proof d_positive as Dp; [|rewrite Ropp_0, exp_0; apply chance_one].
  assert (Pairs := all_then_pairs Ind). assert (S0 := variance_nonneg s Var).
  set (h := b * L / (3 * INR d)). assert (Hp : 0 < h) by (unfold h; apply Rdiv_lt_0_compat; nra).
  assert (G0 : 0 <= 2 * s * L / INR d) by (apply Rmult_le_pos; [nra|left; now apply Rinv_0_lt_compat]).
  set (r := sqrt (h ^ 2 + 2 * s * L / INR d)). assert (R2 : r ^ 2 = h ^ 2 + 2 * s * L / INR d).
  { unfold r. replace (sqrt _ ^ 2) with (sqrt (h ^ 2 + 2 * s * L / INR d) * sqrt (h ^ 2 + 2 * s * L / INR d)) by ring.
    apply sqrt_sqrt. assert (0 <= h ^ 2) by apply pow2_ge_0. lra. }
  assert (R0 : 0 <= r) by apply sqrt_pos. set (eps := h + r). assert (Ep : 0 < eps) by (unfold eps; lra).
  destruct S0 as [Sp|Sz]; [|apply Rle_trans with 0; [apply (no_variance s Pairs Mean Var); [now symmetry|lra]|left; apply exp_pos]].
  (* eps solves d eps^2 = 2 L (s + b eps/3) *)
  set (W := s + b * eps / 3). assert (Wp : 0 < W) by (unfold W; assert (0 < b * eps) by nra; lra).
  assert (Solves : INR d * eps ^ 2 = 2 * L * W).
  { unfold W, eps. replace (INR d * (h + r) ^ 2) with (INR d * (h ^ 2 + 2 * h * r + r ^ 2)) by ring. rewrite R2.
    replace (2 * L * (s + b * (h + r) / 3)) with (2 * s * L + 2 * INR d * (b * L / (3 * INR d)) * (h + r)) by (field; lra).
    fold h. field. lra. }
  set (t := eps / W). assert (T : 0 < t) by (unfold t; now apply Rdiv_lt_0_compat).
  assert (Tb : 1 - t * b / 3 = s / W) by (unfold t, W in *; field; lra).
  assert (Tb3 : t * b < 3) by (assert (0 < s / W) by (now apply Rdiv_lt_0_compat); lra).
  eapply Rle_trans; [apply (markov _ (fun w => exp (- (t * (INR d * eps))) * product (fun k => exp (t * (X k w - v))) K))|].
  - intros w _. apply Rmult_le_pos; [left; apply exp_pos|]. apply product_nonneg. intros k _. left. apply exp_pos.
  - intros w _ A. apply less_true in A. rewrite product_exp, <- exp_plus. rewrite <- exp_0. apply exp_le.
    rewrite sum_scale, sum_minus, sum_const. fold (S w). unfold K. rewrite seq_length. unfold eps, r, h in *. nra.
  - rewrite mean_scale. pose proof (Ind (fun _ x y => exp (t * (f x y - v)))) as J. unfold X, K. rewrite J.
    apply Rle_trans with (exp (- (t * (INR d * eps))) * product (fun _ => exp (t ^ 2 * s * / (2 * (1 - t * b / 3)))) (seq 0 d)).
    + apply Rmult_le_compat_l; [left; apply exp_pos|]. apply product_le. intros k Lk. split.
      * rewrite <- (mean_const 0). apply mean_le. intros w _. left. apply exp_pos.
      * now apply bernstein_lemma.
    + rewrite product_exp, sum_const, seq_length, <- exp_plus, Tb.
      apply exp_le. right.
      replace (- (t * (INR d * eps)) + t ^ 2 * s * / (2 * (s / W)) * INR d) with (- (INR d * eps ^ 2) / (2 * W)) by (unfold t; field; lra).
      rewrite Solves. field. lra.
Qed.
End Bernstein.

(* --- Hoeffding --- *)

Section Hoeffding.
Variables (a b : R).
Hypothesis Ind : independent outcomes q d p c.
Hypothesis Mean : forall k, In k K -> mean (X k) <= v.
Hypothesis Range : forall k w, In k K -> In w O -> a <= X k w <= b.

Theorem hoeffding_sum eps : 0 < eps -> a < b ->
  chance (fun w => negb (less (S w) (INR d * (v + eps)))) <= exp (- (2 * INR d * eps ^ 2 / (b - a) ^ 2)).
Proof.
  intros E AB. pose proof d_positive as Dp. set (t := 4 * eps / (b - a) ^ 2).
  assert (B2 : 0 < (b - a) ^ 2) by (apply pow_lt; lra). assert (T : 0 < t) by (unfold t; apply Rdiv_lt_0_compat; lra).
  eapply Rle_trans; [apply (markov _ (fun w => exp (- (t * (INR d * eps))) * product (fun k => exp (t * (X k w - v))) K))|].
  - intros w _. apply Rmult_le_pos; [left; apply exp_pos|]. apply product_nonneg. intros k _. left. apply exp_pos.
  - intros w _ A. apply negb_true_iff in A. unfold less in A. destruct Rlt_dec as [|N]; [discriminate|]. apply Rnot_lt_le in N.
    rewrite product_exp, <- exp_plus. rewrite <- exp_0. apply exp_le. rewrite sum_scale, sum_minus, sum_const.
    fold (S w). unfold K. rewrite seq_length. nra.
  - rewrite mean_scale. pose proof (Ind (fun _ x y => exp (t * (f x y - v)))) as I. unfold X, K.
    rewrite I. apply Rle_trans with (exp (- (t * (INR d * eps))) * product (fun _ => exp (t ^ 2 * (b - a) ^ 2 / 8)) (seq 0 d)).
    + apply Rmult_le_compat_l; [left; apply exp_pos|]. apply product_le. intros k L. split.
      * rewrite <- (mean_const 0). apply mean_le. intros w _. left. apply exp_pos.
      * apply (hoeffding_lemma (X k) v a b t); auto; lra.
    + rewrite product_exp, sum_const, seq_length, <- exp_plus. apply exp_le. unfold t. right. field. lra.
Qed.

Theorem hoeffding L : 0 <= L ->
  chance (fun w => less (INR d * (v + (b - a) * sqrt (L / (2 * INR d)))) (S w)) <= exp (- L).
Proof.
  intros [Lp| <-]; pose proof d_positive as Dp; [|rewrite Ropp_0, exp_0; apply chance_one].
  assert (Dz : In 0%nat K) by (apply in_seq; lia).
  assert (Lo : a <= mean (X 0%nat)).
  { apply Rle_trans with (mean (fun _ => a)); [rewrite mean_const; lra|]. apply mean_le. intros w W. apply (Range 0%nat w Dz W). }
  assert (Hi : mean (X 0%nat) <= b).
  { apply Rle_trans with (mean (fun _ => b)); [|rewrite mean_const; lra]. apply mean_le. intros w W. apply (Range 0%nat w Dz W). }
  assert (AB : a <= b) by lra. destruct AB as [AB|AB].
  - set (eps := (b - a) * sqrt (L / (2 * INR d))).
    assert (E2 : eps ^ 2 = (b - a) ^ 2 * (L / (2 * INR d))).
    { unfold eps. rewrite Rpow_mult_distr. f_equal. replace (sqrt _ ^ 2) with
        (sqrt (L / (2 * INR d)) * sqrt (L / (2 * INR d))) by ring.
      apply sqrt_sqrt. left. apply Rdiv_lt_0_compat; lra. }
    assert (Ep : 0 < eps) by (apply Rmult_lt_0_compat; [lra|]; apply sqrt_lt_R0, Rdiv_lt_0_compat; lra).
    eapply Rle_trans; [|eapply Rle_trans; [apply (hoeffding_sum eps Ep AB)|]].
    + apply chance_le. intros w _ W. apply less_true in W. apply negb_true_iff, not_true_iff_false. rewrite less_true. lra.
    + rewrite E2. right.
      replace (- (2 * INR d * ((b - a) ^ 2 * (L / (2 * INR d))) / (b - a) ^ 2)) with (- L) by (field; lra).
      reflexivity.
  - (* nothing varies *)
    rewrite chance_none; [left; apply exp_pos|]. intros w W. apply not_true_iff_false. rewrite less_true. rewrite <- AB, Rminus_eq_0, Rmult_0_l, Rplus_0_r.
    intros T. unfold S in T. rewrite (sum_ext _ (fun _ => a)) in T by (intros k Lk; destruct (Range k w Lk W); lra).
    rewrite sum_const in T. unfold K in T. rewrite seq_length in T. pose proof (Mean 0%nat Dz). nra.
Qed.
End Hoeffding.

Theorem bounds_hold a b A : (forall k, In k K -> mean (X k) = v) ->
  (forall k w, In k K -> In w O -> a <= X k w <= b) ->
  (forall e, A e <= chance (fun w => less (INR d * (v + e)) (S w))) ->
  bounds outcomes q d p c f (b - a) A.
Proof.
  intros Mean Range H. split; [|split].
  - intros L Ind L0. eapply Rle_trans; [apply H|]. apply hoeffding; auto. intros k Lk. right. now apply Mean.
  - intros L s t Ind L0 T Var Top. eapply Rle_trans; [apply H|]. apply bernstein; auto; intros k.
    + intros Lk. rewrite <- (Var k Lk). unfold variance. fold (X k). now rewrite (Mean k Lk).
    + intros w Lk W. specialize (Top k w Lk W). fold (X k) in Top. rewrite (Mean k Lk) in Top. exact Top.
  - intros failure s Fa Pairs Var. eapply Rle_trans; [apply H|]. apply cantelli; auto. intros k Lk.
    rewrite <- (Var k Lk). unfold variance. fold (X k). now rewrite (Mean k Lk).
Qed.
End Coordinates.
End Facts.
