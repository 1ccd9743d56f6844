(* D13a. CWMP is a contraction.

   ||g - CWMP_B(g)||^2 <= (1 - delta) ||g||^2 with delta = c(prefix)/C, with equality when all densities p_i/c_i are
   equal, and with delta = (B - c_max)/C, which is known before g is.

   Assumes: B >= c_max; B <= C for the second delta. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Relaxation.
Import ListNotations.
Open Scope R_scope.

(* ||g||^2, and ||g - m*g||^2 for a selector that keeps l *)
Definition norm2 n (g : nat -> R) : R := sum (fun i => g i ^ 2) (seq 0 n).
Definition error n (g : nat -> R) (l : list nat) : R := sum (fun i => (g i - kept l i * g i) ^ 2) (seq 0 n).
Definition cost n (c : nat -> R) : R := sum c (seq 0 n).

Definition claim : Prop := forall n g c b cmax,
  let I := Instance n (fun i => g i ^ 2) c b in valid I -> (forall i, In i (seq 0 n) -> c i <= cmax) -> cmax <= b ->
  let delta := spend I (kept (cwmp reals I)) / cost n c in
  error n g (cwmp reals I) <= (1 - delta) * norm2 n g /\
  ((forall i j, In i (seq 0 n) -> In j (seq 0 n) -> density I i = density I j) ->
     error n g (cwmp reals I) = (1 - delta) * norm2 n g) /\
  (b <= cost n c -> error n g (cwmp reals I) <= (1 - (b - cmax) / cost n c) * norm2 n g).

Lemma error_is n g c b l : let I := Instance n (fun i => g i ^ 2) c b in
  error n g l = norm2 n g - value I (kept l).
Proof.
  intros I. unfold error, norm2, value. rewrite <- sum_minus. apply sum_ext. intros i _. cbn.
  destruct (kept_01 l i) as [-> | ->]; ring.
Qed.

(* Chebyshev's sum inequality for a set that a threshold separates: its share of f is at least its share of h. *)
Lemma share_of_threshold (f h : nat -> R) t S l : 0 <= t ->
  (forall i, In i l -> 0 < h i) -> (forall i, In i S -> t * h i <= f i) ->
  (forall i, In i l -> ~ In i S -> f i <= t * h i) ->
  NoDup l -> NoDup S -> incl S l -> sum h S * sum f l <= sum f S * sum h l.
Proof.
  intros T H K O N Ns C.
  assert (E : forall x, sum x l = sum x S + sum (fun i => (1 - kept S i) * x i) l).
  { intros x. rewrite <- (sum_kept x S l Ns C N), <- sum_plus. apply sum_ext. intros; ring. }
  rewrite (E f), (E h). set (fo := sum (fun i => (1 - kept S i) * f i) l). set (ho := sum (fun i => (1 - kept S i) * h i) l).
  assert (A : t * sum h S <= sum f S) by (rewrite <- sum_scale; apply sum_le, K).
  assert (D : fo <= t * ho).
  { unfold fo, ho. rewrite <- sum_scale. apply sum_le. intros i L. unfold kept. destruct in_dec as [Y|Y]; [lra|].
    specialize (O i L Y). lra. }
  assert (Hs : 0 <= sum h S) by (apply sum_nonneg; intros i L; apply Rlt_le, H, C, L).
  assert (Ho : 0 <= ho).
  { apply sum_nonneg. intros i L. specialize (H i L). destruct (kept_01 S i) as [-> | ->]; lra. }
  nra.
Qed.

Lemma cost_pos n c : (forall i, In i (seq 0 n) -> 0 < c i) -> (0 < n)%nat -> 0 < cost n c.
Proof.
  intros C N. unfold cost. rewrite <- (sum_zero (seq 0 n)).
  assert (L : In 0%nat (seq 0 n)) by (apply in_seq; cbn; auto).
  apply (sum_lt _ _ _ 0%nat); [|exact L|now apply C]. intros i K. now apply Rlt_le, C.
Qed.

Theorem proved : claim.
Proof.
  intros n g c b cmax I V Cm Hb delta. rewrite (error_is n g c b). fold I.
  pose proof (cwmp_priced I V) as (L & K & O).
  destruct n as [|n']; [unfold norm2, value; cbn; repeat split; intros; lra|]. set (n := S n') in *.
  assert (C : 0 < cost n c) by (apply cost_pos; [intros i Li; apply (proj2 V i Li)|apply Nat.lt_0_succ]).
  destruct (prefix_of_order (c) (denser reals I) I b) as [Ns Cs]. fold (by_density reals I) in Ns, Cs.
  change (prefix reals c b (by_density reals I)) with (cwmp reals I) in *.
  assert (P : sum c (cwmp reals I) * norm2 n g <= sum (fun i => g i ^ 2) (cwmp reals I) * cost n c).
  { apply (share_of_threshold _ _ (price I)); auto.
    - intros i Li. apply (proj2 V i Li).
    - intros i Li. apply K; auto.
    - intros i Li Y. destruct (O i Li Y) as [G|G]; [exact G|]. specialize (Cm i Li). cbn in G. lra.
    - apply seq_NoDup. }
  unfold value. rewrite cwmp_sum. change (p I) with (fun i => g i ^ 2).
  set (V0 := sum (fun i => g i ^ 2) (cwmp reals I)) in *. unfold delta, spend. rewrite cwmp_sum.
  change (Selectors.c I) with c. set (S0 := sum c (cwmp reals I)) in *.
  assert (R0 : forall x, x / cost n c * norm2 n g = x * norm2 n g / cost n c) by (intros; field; lra).
  assert (Q : S0 / cost n c * norm2 n g <= V0).
  { rewrite R0. apply Rmult_le_reg_r with (cost n c); [exact C|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  repeat split; [lra| |].
  - intros E. enough (S0 / cost n c * norm2 n g = V0) by lra.
    assert (Li : In 0%nat (seq 0 n)) by (left; reflexivity).
    assert (F : forall l, incl l (seq 0 n) -> sum (fun i => g i ^ 2) l = density I 0%nat * sum c l).
    { intros l Il. rewrite <- sum_scale. apply sum_ext. intros i Lj. rewrite (E 0%nat i Li (Il i Lj)).
      symmetry. apply (density_times I). apply (proj2 V i). apply Il, Lj. }
    unfold V0, S0, norm2. rewrite (F _ Cs), (F _ (incl_refl _)). fold (cost n c). field. lra.
  - intros Hc. enough ((b - cmax) / cost n c * norm2 n g <= V0) by lra.
    assert (N0 : 0 <= norm2 n g) by (apply sum_nonneg; intros; apply pow2_ge_0).
    destruct (critical_item reals I) as [s|] eqn:X.
    + apply critical_spec in X as (Ls & _ & _ & _ & _ & H); [|exact V]. specialize (Cm s Ls). change (b < S0 + c s) in H.
      eapply Rle_trans; [|exact Q]. apply Rmult_le_compat_r; [exact N0|]. apply Rmult_le_compat_r; [|lra].
      left. now apply Rinv_0_lt_compat.
    + pose proof (slackness I V) as G. unfold price in G. rewrite X in G. unfold value in G. rewrite cwmp_sum in G.
      change (p I) with (fun i => g i ^ 2) in G. fold V0 in G. rewrite Rmult_0_l, Rplus_0_l in G.
      assert (G' : V0 = norm2 n g).
      { rewrite G. apply sum_ext. intros i Li. unfold surplus. specialize (Cm i Li).
        change (Selectors.c I i) with (c i). change (B I) with b. change (p I i) with (g i ^ 2).
        destruct Rle_dec; [|lra]. rewrite Rmult_0_l, Rminus_0_r. apply Rmax_0_pos, pow2_ge_0. }
      assert (0 <= cmax).
      { assert (Li : In 0%nat (seq 0 n)) by (left; reflexivity). specialize (Cm 0%nat Li).
        destruct (proj2 V 0%nat Li) as [_ Z]. cbn in Z. lra. }
      rewrite G', R0. apply Rmult_le_reg_r with (cost n c); [exact C|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra.
Qed.
