(* D12a. The score w(|g|)/c solves the relaxation of the loss w.

   For a separable loss sum w(|g_i|) over dropped coordinates, w >= 0, the order of w(|g_i|)/c_i with the fractional
   critical item solves the relaxation. So g^2/c is optimal for l2 and |g|/c for l1.

   Assumes: w(0) = 0 and w >= 0. *)
From Coq Require Import Reals Lra List.
From CWMP Require Import Relaxation.
From CWMP Require D02.
Open Scope R_scope.

(* The instance whose scores are w(|g_i|), and the loss of a candidate: sum w(|g_i|) over what it drops. *)
Definition weighed (w : R -> R) n (g c : nat -> R) b : instance R := Instance n (fun i => w (Rabs (g i))) c b.
Definition loss w n (g z : nat -> R) : R := sum (fun i => (1 - z i) * w (Rabs (g i))) (seq 0 n).

Definition claim : Prop := forall w n g c b,
  w 0 = 0 -> (forall x, 0 <= x -> 0 <= w x) -> 0 <= b -> (forall i, 0 < c i) ->
  let I := weighed w n g c b in
  (fractional I (relaxed I) /\ affordable I (relaxed I) /\ spend I (relaxed I) <= b) /\
  forall z, fractional I z -> affordable I z -> spend I z <= b -> loss w n g (relaxed I) <= loss w n g z.

Theorem proved : claim.
Proof.
  intros w n g c b W0 W Hb C I.
  assert (V : valid I) by (split; [auto|]; intros i _; split; [apply W, Rabs_pos|apply C]).
  destruct (D02.proved I V) as (F & O & _). split; [exact F|]. intros z Z A S. specialize (O z Z A S).
  assert (E : forall x, loss w n g x = sum (fun i => w (Rabs (g i))) (seq 0 n) - value I x).
  { intros x. unfold loss, value. rewrite <- sum_minus. apply sum_ext. intros i _. cbn. ring. }
  rewrite !E. lra.
Qed.
