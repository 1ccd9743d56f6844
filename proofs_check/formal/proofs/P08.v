(* P8. Lower deviation.

   With probability at least 1 - failure, prefix CWMP retains per coordinate at least E[p; p > lambda' c] less the
   deviation of that mean, lambda' > lambda chosen so that the rule p > lambda' c fits the budget with probability
   1 - failure/2; with P7, a two-sided bound.

   Assumes: as P7, each half of the failure probability. *)
From Coq Require Import Reals Lra Psatz List Bool Arith.
From CWMP Require Import Prices FiniteLaw.
From CWMP Require Import P13.
Import ListNotations.
Open Scope R_scope.

(* A finite law as in P7; what the rule keeps of a coordinate, and the rule itself are those of P13. *)
Definition above (lam p c : R) : R := if Rlt_dec (lam * c) p then p else 0.

Definition claim : Prop := forall outcomes q d p c beta lam m failure, law outcomes q -> (0 < d)%nat -> 0 <= lam ->
  0 < failure <= 1 ->
  let instance_in w := Instance d (fun k => p k w) (fun k => c k w) (beta * sum (fun k => c k w) (seq 0 d)) in
  (forall w, In w (seq 0 outcomes) -> valid (instance_in w)) ->
  (* m is E[p; p > lam c]; the rule fits with probability 1 - failure/2 *)
  (forall k, In k (seq 0 d) -> mean outcomes q (fun w => above lam (p k w) (c k w)) = m) ->
  chance outcomes q (fun w => less (B (instance_in w)) (spend (instance_in w) (rule lam (instance_in w)))) <= failure / 2 ->
  let short eps := chance outcomes q (fun w => less (value (instance_in w) (kept (cwmp reals (instance_in w))) / INR d) (m - eps)) in
  (* Hoeffding; L is ln (2/failure) *)
  (forall L a b, independent outcomes q d p c -> 0 <= L -> exp (- L) = failure / 2 ->
     (forall k w, In k (seq 0 d) -> In w (seq 0 outcomes) -> a <= above lam (p k w) (c k w) <= b) ->
     short ((b - a) * sqrt (L / (2 * INR d))) <= failure) /\
  (* Cantelli *)
  (forall s, pairwise_independent outcomes q d p c ->
     (forall k, In k (seq 0 d) -> variance outcomes q (fun w => above lam (p k w) (c k w)) = s) ->
     short (sqrt (s * (/ (failure / 2) - 1) / INR d)) <= failure).

Theorem proved : claim.
Proof.
  intros outcomes q d p c beta lam m failure Q D L Fa In_ V Mean Fit short.
  assert (Dp : 0 < INR d) by now apply lt_0_INR. set (Y := fun k w => above lam (p k w) (c k w)) in *.
  set (f := fun x y => - above lam x y). assert (H2 : 0 < failure / 2 <= 1) by lra.
  assert (Both : forall eps, chance outcomes q (fun w => less (INR d * (- m + eps)) (sum (fun k => f (p k w) (c k w)) (seq 0 d))) <= failure / 2 ->
    short eps <= failure).
  { intros eps G. replace failure with (failure / 2 + failure / 2) by lra. eapply Rle_trans; [|apply Rplus_le_compat; [exact Fit|exact G]].
    apply chance_union; [exact Q|]. intros w K W. apply less_true in W.
    destruct (Rlt_dec (B (In_ w)) (spend (In_ w) (rule lam (In_ w)))) as [X|X]; [left; now apply less_true|right].
    apply Rnot_lt_le in X. apply less_true.
    assert (E : sum (fun k => Y k w) (seq 0 d) <= value (In_ w) (kept (cwmp reals (In_ w)))).
    { apply sum_le. intros k Lk. cbn [Selectors.p In_]. unfold Y, above. destruct (Rlt_dec (lam * c k w) (p k w)) as [R1|R1].
      - rewrite kept_in; [lra|]. now apply (keeps_the_rule (In_ w) lam k (V w K) L X).
      - destruct (proj2 (V w K) k Lk) as [P _]. cbn in P. destruct (kept_01 (cwmp reals (In_ w)) k) as [-> | ->]; lra. }
    apply Rmult_lt_compat_l with (r := INR d) in W; [|exact Dp].
    replace (INR d * (value (In_ w) (kept (cwmp reals (In_ w))) / INR d)) with (value (In_ w) (kept (cwmp reals (In_ w)))) in W by (field; lra).
    assert (N : sum (fun k => f (p k w) (c k w)) (seq 0 d) = - sum (fun k => Y k w) (seq 0 d)).
    { rewrite (sum_ext _ (fun k => -1 * Y k w)) by (intros; unfold f, Y; ring). rewrite sum_scale. ring. }
    rewrite N. lra. }
  assert (Neg : forall k, In k (seq 0 d) -> mean outcomes q (fun w => f (p k w) (c k w)) = - m).
  { intros k K. rewrite (mean_ext _ _ _ (fun w => -1 * Y k w)) by (intros; unfold f, Y; ring). rewrite mean_scale.
    transitivity (-1 * m); [f_equal; exact (Mean k K)|ring]. }
  split.
  - intros E a b Ind E0 Ef Range. apply Both. rewrite <- Ef. replace (b - a) with (- a - - b) by ring.
    apply (hoeffding outcomes q Q d p c D f (- m) (- b) (- a) Ind); auto.
    + intros k K. right. now apply Neg.
    + intros k w K W. unfold f. specialize (Range k w K W). lra.
  - intros s Ind Var. apply Both. apply (cantelli outcomes q Q d p c D f (- m) s); auto.
    intros k K. rewrite <- (Var k K). unfold variance. rewrite (Mean k K). apply mean_ext. intros w _. unfold f, Y. ring.
Qed.
