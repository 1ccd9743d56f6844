(* P7. Upper deviation.

   P(LP/d > V E p + eps) <= failure, with eps = range(X) sqrt(ln(1/failure)/(2d)) or, for finite variance, eps =
   sqrt(Var X (1/failure - 1)/d), X = lambda beta c + (p - lambda c)+.

   Assumes: p and c bounded (Hoeffding), or E p^2 and E c^2 finite (one-sided Chebyshev). *)
From Coq Require Import Reals Lra Psatz List Bool Arith.
From CWMP Require Import Sums FiniteLaw.
From CWMP Require D03.
Import ListNotations.
Open Scope R_scope.

Definition X (beta lam p c : R) : R := lam * beta * c + Rmax 0 (p - lam * c).

(* Finitely many outcomes w of probability q w; coordinate k has score p k w and cost c k w, the budget is beta of all
   costs, and z w is any candidate of the relaxation, that of most value too. V E p is the mean of X at the price of the
   law; at any price fixed beforehand the mean v of X is no less. *)
Definition claim : Prop := forall outcomes q d p c beta lam v z, law outcomes q -> (0 < d)%nat -> 0 <= lam ->
  let instance_in w := Instance d (fun k => p k w) (fun k => c k w) (beta * sum (fun k => c k w) (seq 0 d)) in
  let X k w := X beta lam (p k w) (c k w) in
  (forall w, In w (seq 0 outcomes) -> valid (instance_in w) /\
     fractional (instance_in w) (z w) /\ spend (instance_in w) (z w) <= B (instance_in w)) ->
  (forall k, In k (seq 0 d) -> mean outcomes q (X k) = v) ->
  let beyond eps := chance outcomes q (fun w => less (v + eps) (value (instance_in w) (z w) / INR d)) in
  (* in every outcome, and in the mean *)
  (forall w, In w (seq 0 outcomes) -> value (instance_in w) (z w) <= sum (fun k => X k w) (seq 0 d)) /\
  mean outcomes q (fun w => value (instance_in w) (z w) / INR d) <= v /\
  (* Hoeffding: X in a range, coordinates independent; L is ln (1/failure) *)
  (forall L a b, independent outcomes q d p c -> 0 <= L ->
     (forall k w, In k (seq 0 d) -> In w (seq 0 outcomes) -> a <= X k w <= b) ->
     beyond ((b - a) * sqrt (L / (2 * INR d))) <= exp (- L)) /\
  (* Cantelli: X of one variance, coordinates independent in pairs *)
  (forall failure s, pairwise_independent outcomes q d p c -> 0 < failure <= 1 ->
     (forall k, In k (seq 0 d) -> variance outcomes q (X k) = s) ->
     beyond (sqrt (s * (/ failure - 1) / INR d)) <= failure).

Theorem proved : claim.
Proof.
  intros outcomes q d p c beta lam v z Q D L In_ Y H Mean beyond.
  assert (Dp : 0 < INR d) by now apply lt_0_INR.
  assert (G : forall w, In w (seq 0 outcomes) -> value (In_ w) (z w) <= sum (fun k => Y k w) (seq 0 d)).
  { intros w K. destruct (H w K) as (V & Z & F). destruct (D03.proved (In_ w) lam (z w) V L Z F) as (E & E1 & E2).
    unfold Y, X. rewrite sum_plus, sum_scale. unfold D03.plus in *. pose proof (sum_nonneg _ _ E2) as E3.
    change (B (In_ w)) with (beta * sum (fun k => c k w) (seq 0 d)) in E, E1.
    change (indices (In_ w)) with (seq 0 d) in *. cbn [Selectors.p Selectors.c In_] in *. nra. }
  split; [exact G|]. split.
  - apply Rle_trans with (mean outcomes q (fun w => / INR d * sum (fun k => Y k w) (seq 0 d))).
    + apply mean_le; [exact Q|]. intros w K. unfold Rdiv. rewrite Rmult_comm. apply Rmult_le_compat_l; [|auto].
      left. now apply Rinv_0_lt_compat.
    + rewrite mean_scale, mean_sum, (sum_ext _ (fun _ => v)) by (intros; now apply Mean). rewrite sum_const, seq_length.
      right. field. lra.
  - (* more than v + eps retained means that the X add up to more *)
    assert (Le : forall eps A, (forall w, In w (seq 0 outcomes) -> INR d * (v + eps) < sum (fun k => Y k w) (seq 0 d) -> A w = true) ->
      beyond eps <= chance outcomes q A).
    { intros eps A HA. apply chance_le; [exact Q|]. intros w K W. apply HA; [exact K|]. apply less_true in W. specialize (G w K).
      apply Rmult_lt_compat_l with (r := INR d) in W; [|exact Dp].
      replace (INR d * (value (In_ w) (z w) / INR d)) with (value (In_ w) (z w)) in W by (field; lra). lra. }
    split.
    + intros E a b Ind E0 Range.
      eapply Rle_trans; [apply (Le _ (fun w => less (INR d * (v + (b - a) * sqrt (E / (2 * INR d)))) (sum (fun k => Y k w) (seq 0 d))))|].
      * intros w _ W. now apply less_true.
      * apply (hoeffding outcomes q Q d p c D (X beta lam) v a b Ind); auto. intros k K. right. now apply Mean.
    + intros failure s Ind Fa Var. eapply Rle_trans; [apply (Le _ (fun w => less (INR d * (v + sqrt (s * (/ failure - 1) / INR d))) (sum (fun k => Y k w) (seq 0 d))))|].
      * intros w _ W. now apply less_true.
      * apply (cantelli outcomes q Q d p c D (X beta lam) v s); auto. intros k K. rewrite <- (Var k K). unfold variance. rewrite (Mean k K). reflexivity.
Qed.
