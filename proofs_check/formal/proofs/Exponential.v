(* Inequalities of the exponential function, for the bounds of FiniteLaw.v. The mean value theorem and the logarithm of
   Coq's library rest on the excluded middle, so a function of positive slope is shown to rise by least upper bounds. *)
From Coq Require Import Reals Lra Psatz.
Open Scope R_scope.

Notation limit := derivable_pt_lim.
Lemma lim_plus f g x a b : limit f x a -> limit g x b -> limit (fun y => f y + g y) x (a + b).
Proof. exact (derivable_pt_lim_plus f g x a b). Qed.
Lemma lim_minus f g x a b : limit f x a -> limit g x b -> limit (fun y => f y - g y) x (a - b).
Proof. exact (derivable_pt_lim_minus f g x a b). Qed.
Lemma lim_mult f g x a b : limit f x a -> limit g x b -> limit (fun y => f y * g y) x (a * g x + f x * b).
Proof. exact (derivable_pt_lim_mult f g x a b). Qed.
Lemma lim_const a x : limit (fun _ => a) x 0.
Proof. exact (derivable_pt_lim_const a x). Qed.
Lemma lim_id x : limit (fun y => y) x 1.
Proof. exact (derivable_pt_lim_id x). Qed.
Lemma lim_minus_exp x : limit (fun y => exp (- y)) x (- exp (- x)).
Proof.
  replace (- exp (- x)) with (exp (- x) * -1) by ring.
  apply (derivable_pt_lim_comp Ropp exp); [|apply derivable_pt_lim_exp].
  exact (derivable_pt_lim_opp id x 1 (derivable_pt_lim_id x)).
Qed.
Lemma lim_is f x a b : limit f x a -> a = b -> limit f x b.
Proof. now intros L <-. Qed.
Ltac limits := repeat first
  [eapply lim_const|eapply lim_id|eapply lim_minus|eapply lim_plus|eapply lim_mult|eapply derivable_pt_lim_exp
  |eapply lim_minus_exp].

(* A function with a slope of 0 at least does not fall. *)
Lemma never_falls (f f' : R -> R) h : (forall x, 0 <= x -> limit f x (f' x)) -> (forall x, 0 <= x -> 0 <= f' x) -> 0 <= h -> f 0 <= f h.
Proof.
  intros L P [H| <-]; [|lra]. apply Rnot_lt_le. intros F. set (e := (f 0 - f h) / (2 * h)).
  assert (E : 0 < e) by (unfold e; apply Rdiv_lt_0_compat; lra).
  assert (Eh : f h < f 0 - e * h) by (unfold e; replace ((f 0 - f h) / (2 * h) * h) with ((f 0 - f h) / 2) by (field; lra); lra).
  set (above := fun x => 0 <= x <= h /\ f 0 - e * x <= f x).
  assert (Z : above 0) by (split; lra).
  destruct (completeness above) as [m [M1 M2]]; [exists h; intros x X; apply X|now exists 0|].
  assert (Mh : 0 <= m <= h) by (split; [now apply M1|apply M2; intros x X; apply X]).
  (* near m the slope is at least -e/2 *)
  destruct (L m (proj1 Mh) (e / 2)) as [dl Hd]; [lra|]. specialize (P m (proj1 Mh)).
  assert (Near : forall k, k <> 0 -> Rabs k < dl -> (0 < k -> f m - e / 2 * k <= f (m + k)) /\ (k < 0 -> f (m + k) <= f m - e / 2 * k)).
  { intros k K Kd. specialize (Hd k K Kd). apply Rabs_def2 in Hd as [H1 H2].
    assert (Q : (f (m + k) - f m) / k * k = f (m + k) - f m) by (field; exact K). split; intros S; nra. }
  pose proof (cond_pos dl) as Dl.
  assert (Am : f 0 - e * m <= f m).
  { apply Rnot_lt_le. intros N. set (g := Rmin (dl / 2) ((f 0 - e * m - f m) / e)).
    assert (G : 0 < g) by (apply Rmin_pos; [lra|apply Rdiv_lt_0_compat; lra]).
    assert (m <= m - g); [|lra]. apply M2. intros x X. apply Rnot_lt_le. intros Nx. destruct X as [Xh Xa].
    destruct (Req_dec x m) as [->|Ne]; [lra|]. assert (Xm : x <= m) by (apply M1; split; auto).
    set (k := x - m). assert (Kn : k < 0) by (unfold k; lra).
    pose proof (Rmin_l (dl / 2) ((f 0 - e * m - f m) / e)) as Gl. pose proof (Rmin_r (dl / 2) ((f 0 - e * m - f m) / e)) as Gr. fold g in Gl, Gr.
    destruct (Near k) as [_ Nk]; [lra|rewrite Rabs_left by exact Kn; unfold k; lra|]. specialize (Nk Kn).
    replace (m + k) with x in Nk by (unfold k; ring). replace x with (m + k) in Xa at 1 by (unfold k; ring).
    apply Rmult_le_compat_r with (r := e) in Gr; [|lra].
    replace ((f 0 - e * m - f m) / e * e) with (f 0 - e * m - f m) in Gr by (field; lra).
    assert (- k < g) by (unfold k; lra). nra. }
  destruct Mh as [M0 [Mh| ->]]; [|lra]. set (k := Rmin (dl / 2) (h - m)). assert (K0 : 0 < k) by (apply Rmin_pos; lra).
  pose proof (Rmin_l (dl / 2) (h - m)) as Kl. pose proof (Rmin_r (dl / 2) (h - m)) as Kr. fold k in Kl, Kr.
  destruct (Near k) as [Nk _]; [lra|rewrite Rabs_right; lra|]. specialize (Nk K0).
  assert (m + k <= m); [|lra]. apply M1. split; [lra|]. nra.
Qed.

Lemma rising (f f' : R -> R) h : (forall x, limit f x (f' x)) -> (forall x, 0 <= x -> 0 <= f' x) -> f 0 = 0 -> 0 <= h -> 0 <= f h.
Proof. intros L P Z H. rewrite <- Z. apply (never_falls f f'); auto. Qed.

Lemma exp_at_least_1 x : 0 <= x -> 1 <= exp x.
Proof.
  intros H. rewrite <- exp_0. apply (never_falls exp exp); [|intros y _; left; apply exp_pos|exact H].
  intros y _. apply derivable_pt_lim_exp.
Qed.
Lemma exp_tangent x : 1 + x <= exp x.
Proof.
  destruct (Rle_dec 0 x) as [H|H].
  - enough (0 <= exp x - (1 + x)) by lra. apply (rising (fun x => exp x - (1 + x)) (fun x => exp x - 1)); [| |rewrite exp_0; lra|exact H].
    + intros y. eapply lim_is; [limits|]. cbv beta. ring.
    + intros y Y. pose proof (exp_at_least_1 y Y). lra.
  - enough (0 <= exp (- - x) - (1 - - x)) by (rewrite Ropp_involutive in *; lra).
    apply (rising (fun y => exp (- y) - (1 - y)) (fun y => 1 - exp (- y))); [| |rewrite Ropp_0, exp_0; lra|lra].
    + intros y. eapply lim_is; [limits|]. cbv beta. ring.
    + intros y Y. pose proof (exp_at_least_1 y Y) as E. rewrite exp_Ropp. assert (/ exp y <= / 1) by (apply Rinv_le_contravar; lra). lra.
Qed.
Lemma exp_le x y : x <= y -> exp x <= exp y.
Proof.
  intros H. replace y with (x + (y - x)) by ring. rewrite exp_plus, <- (Rmult_1_r (exp x)) at 1.
  apply Rmult_le_compat_l; [left; apply exp_pos|]. apply exp_at_least_1. lra.
Qed.

Lemma exp_convex s x y : 0 <= s <= 1 -> exp (s * x + (1 - s) * y) <= s * exp x + (1 - s) * exp y.
Proof.
  intros H. set (m := s * x + (1 - s) * y).
  assert (G : forall u, exp m * (1 + (u - m)) <= exp u).
  { intros u. replace u with (m + (u - m)) at 2 by ring. rewrite exp_plus. apply Rmult_le_compat_l; [left; apply exp_pos|apply exp_tangent]. }
  pose proof (Rmult_le_compat_l s _ _ (proj1 H) (G x)). assert (0 <= 1 - s) by lra.
  pose proof (Rmult_le_compat_l (1 - s) _ _ H1 (G y)). unfold m in *. nra.
Qed.

(* --- Hoeffding: two points of mean 0, a distance h apart --- *)

Section TwoPoints.
Variable r : R.
Hypothesis Hr : 0 <= r <= 1.
Let D h := 1 - r + r * exp h.

Lemma D_pos h : 0 < D h.
Proof. unfold D. pose proof (exp_pos h). destruct (Req_dec r 0) as [->|]; nra. Qed.
Lemma D_limit h : limit D h (r * exp h).
Proof. unfold D. eapply lim_is; [limits|]. cbv beta. ring. Qed.

(* The logarithm of D rises by h/4 + r at most. *)
Lemma D_slope h : 0 <= h -> r * exp h <= D h * (h * / 4 + r).
Proof.
  intros H. pose proof (D_pos h) as P.
  assert (G : 0 <= h * / 4 + r - r * exp h / D h).
  { apply (rising (fun h => h * / 4 + r - r * exp h / D h) (fun h => / 4 - r * exp h * (1 - r) / (D h) ^ 2)); [| | |exact H].
    - intros x. pose proof (D_pos x) as Px.
      assert (L2 : limit (fun h => r * exp h / D h) x (r * exp x * (1 - r) / (D x) ^ 2)).
      { pose proof (derivable_pt_lim_div (fun h => r * exp h) D x _ _ (derivable_pt_lim_scal exp r x _ (derivable_pt_lim_exp x)) (D_limit x)) as L.
        replace (r * exp x * (1 - r) / D x ^ 2) with ((r * exp x * D x - r * exp x * (r * exp x)) / (D x)²); [apply L; lra|].
        unfold Rsqr, D in *. field. lra. }
      eapply lim_is; [eapply lim_minus; [limits|exact L2]|]. cbv beta. ring.
    - intros x _. pose proof (D_pos x) as Px. assert (0 < D x ^ 2) by (apply pow_lt; exact Px).
      assert (r * exp x * (1 - r) / D x ^ 2 <= / 4); [|lra]. apply Rmult_le_reg_r with (D x ^ 2); [auto|].
      unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra. unfold D.
      assert (0 <= (1 - r - r * exp x) ^ 2) by apply pow2_ge_0. nra.
    - unfold D. rewrite exp_0. field. lra. }
  apply Rmult_le_compat_r with (r := D h) in G; [|lra].
  replace ((h * / 4 + r - r * exp h / D h) * D h) with (D h * (h * / 4 + r) - r * exp h) in G by (field; lra). lra.
Qed.

Lemma two_points h : 0 <= h -> (1 - r) * exp (- (h * r)) + r * exp (h * (1 - r)) <= exp (h ^ 2 / 8).
Proof.
  intros H. set (u := fun h => h * h * / 8 + h * r).
  assert (Lu : forall x, limit (fun h => exp (- u h)) x (exp (- u x) * - (x * / 4 + r))).
  { intros x. apply (derivable_pt_lim_comp (fun h => - u h) exp); [|apply derivable_pt_lim_exp].
    replace (- (x * / 4 + r)) with (0 - (x * / 4 + r)) by ring.
    assert (L : limit (fun h => 0 - u h) x (0 - (x * / 4 + r))) by (unfold u; eapply lim_is; [limits|]; cbv beta; field).
    intros eps E. destruct (L eps E) as [dl Hd]. exists dl. intros k K Kd. specialize (Hd k K Kd).
    replace (- u (x + k) - - u x) with (0 - u (x + k) - (0 - u x)) by ring. exact Hd. }
  assert (G : 0 <= 1 - D h * exp (- u h)).
  { apply (rising (fun h => 1 - D h * exp (- u h)) (fun h => exp (- u h) * (D h * (h * / 4 + r) - r * exp h))); [| | |exact H].
    - intros x. eapply lim_is; [eapply lim_minus; [apply lim_const|eapply lim_mult; [apply D_limit|apply Lu]]|]. cbv beta. ring.
    - intros x X. apply Rmult_le_pos; [left; apply exp_pos|]. pose proof (D_slope x X). lra.
    - unfold D, u. replace (- (0 * 0 * / 8 + 0 * r)) with 0 by ring. rewrite exp_0. ring. }
  replace (h ^ 2 / 8) with (u h + - (h * r)) by (unfold u; field).
  assert (E : D h <= exp (u h)).
  { apply Rmult_le_reg_r with (exp (- u h)); [apply exp_pos|]. rewrite <- exp_plus, Rplus_opp_r, exp_0. lra. }
  rewrite exp_plus. replace (h * (1 - r)) with (h + - (h * r)) by ring. rewrite exp_plus.
  replace ((1 - r) * exp (- (h * r)) + r * (exp h * exp (- (h * r)))) with (D h * exp (- (h * r))) by (unfold D; ring).
  apply Rmult_le_compat_r; [left; apply exp_pos|exact E].
Qed.
End TwoPoints.

(* --- Bernstein: for x <= u < 3, exp x <= 1 + x + x^2/(2 (1 - u/3)) --- *)

Lemma exp_below y : 0 <= y -> exp (- y) <= 1 - y + y * y * / 2.
Proof.
  intros H. enough (0 <= 1 - y + y * y * / 2 - exp (- y)) by lra.
  apply (rising (fun y => 1 - y + y * y * / 2 - exp (- y)) (fun y => y - 1 + exp (- y))); [| |rewrite Ropp_0, exp_0; lra|exact H].
  - intros x. eapply lim_is; [limits|]. cbv beta. field.
  - intros x X. pose proof (exp_tangent (- x)). lra.
Qed.

Lemma exp_above x : 0 <= x -> exp x * (1 - x * / 3) <= 1 + x * (2 / 3) + x * x * / 6.
Proof.
  intros H. enough (0 <= 1 + x * (2 / 3) + x * x * / 6 - exp x * (1 - x * / 3)) by lra.
  apply (rising (fun x => 1 + x * (2 / 3) + x * x * / 6 - exp x * (1 - x * / 3))
    (fun x => 2 / 3 + x * / 3 - exp x * (2 / 3 - x * / 3))); [| |rewrite exp_0; lra|exact H].
  - intros y. eapply lim_is; [limits|]. cbv beta. field.
  - intros y Y. apply (rising (fun x => 2 / 3 + x * / 3 - exp x * (2 / 3 - x * / 3)) (fun x => (1 - exp x * (1 - x)) * / 3));
      [| |rewrite exp_0; lra|exact Y].
    + intros z. eapply lim_is; [limits|]. cbv beta. field.
    + intros z _. pose proof (exp_tangent (- z)) as G. assert (exp z * (1 + - z) <= exp z * exp (- z)).
      { apply Rmult_le_compat_l; [left; apply exp_pos|exact G]. }
      rewrite <- exp_plus, Rplus_opp_r, exp_0 in H0. lra.
Qed.

Lemma exp_bound x u : x <= u -> 0 < u < 3 -> exp x <= 1 + x + x ^ 2 * / (2 * (1 - u / 3)).
Proof.
  intros X U. assert (P : 0 < 2 * (1 - u / 3)) by lra. destruct (Rle_dec 0 x) as [H|H].
  - pose proof (exp_above x H) as E. assert (Px : 0 < 1 - x * / 3) by lra.
    apply Rle_trans with (1 + x + x ^ 2 * / (2 * (1 - x * / 3))).
    + apply Rmult_le_reg_r with (1 - x * / 3); [exact Px|]. eapply Rle_trans; [exact E|]. right. field. lra.
    + apply Rplus_le_compat_l, Rmult_le_compat_l; [apply pow2_ge_0|]. apply Rinv_le_contravar; lra.
  - apply Rnot_le_lt in H. pose proof (exp_below (- x)) as E. rewrite Ropp_involutive in E.
    assert (/ 2 <= / (2 * (1 - u / 3))) by (apply Rinv_le_contravar; lra).
    assert (x ^ 2 * / 2 <= x ^ 2 * / (2 * (1 - u / 3))) by (apply Rmult_le_compat_l; [apply pow2_ge_0|exact H0]).
    specialize (E ltac:(lra)). nra.
Qed.

