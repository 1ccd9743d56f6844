(* P15b. Pairs of clients tell signal from noise.

   (|sum n_k u_k|^2 - sum n_k^2 |u_k|^2)/(1 - sum n_k^2) has mean |mu|^2 and sum n_k |u_k|^2 has |mu|^2 + E|xi|^2; with
   s_k chosen from u_k alone, <s, u> - sum n_k^2 <s_k, u_k> has mean sum n_k (1 - n_k) <E s_k, mu>, s and u the averages.

   Assumes: clients independent given mu, E xi = 0, sum n_k = 1; the quotients are consistent, not unbiased. *)
From Coq Require Import Reals Lra Psatz List Arith.
From CWMP Require Import Sums.
Import ListNotations.
Open Scope R_scope.

(* Finitely many outcomes w of probability q w; K clients, of update u k w = mu + xi k w in R^d. *)
Section Clients.
Variables (outcomes K d : nat) (q : nat -> R) (n : nat -> R) (mu : nat -> R) (xi : nat -> nat -> nat -> R).
Definition mean (X : nat -> R) : R := sum (fun w => q w * X w) (seq 0 outcomes).
Definition dot (x y : nat -> R) : R := sum (fun i => x i * y i) (seq 0 d).
Definition u (k w i : nat) : R := mu i + xi k w i.
Definition average (x : nat -> nat -> R) (i : nat) : R := sum (fun k => n k * x k i) (seq 0 K).

(* Independent: of two clients, the mean of a product is the product of means, for all functions of their updates. *)
Definition independent := forall j k, In j (seq 0 K) -> In k (seq 0 K) -> j <> k -> forall f g : (nat -> R) -> R,
  mean (fun w => f (u j w) * g (u k w)) = mean (fun w => f (u j w)) * mean (fun w => g (u k w)).
End Clients.

Definition claim : Prop := forall outcomes K d q n mu xi, let E := mean outcomes q in let dot := dot d in
  sum q (seq 0 outcomes) = 1 -> sum n (seq 0 K) = 1 -> independent outcomes K q mu xi ->
  (forall k i, In k (seq 0 K) -> E (fun w => xi k w i) = 0) ->
  let u := u mu xi in let square x := dot x x in let squares := sum (fun k => n k ^ 2) (seq 0 K) in
  (squares <> 1 -> E (fun w => (square (average K n (fun k => u k w)) -
     sum (fun k => n k ^ 2 * square (u k w)) (seq 0 K)) / (1 - squares)) = square mu) /\
  (forall noise, (forall k, In k (seq 0 K) -> E (fun w => square (xi k w)) = noise) ->
     E (fun w => sum (fun k => n k * square (u k w)) (seq 0 K)) = square mu + noise) /\
  (* s k is what client k sends, a function of its update *)
  (forall send : nat -> (nat -> R) -> nat -> R, let s k w := send k (u k w) in
     E (fun w => dot (average K n (fun k => s k w)) (average K n (fun k => u k w)) -
       sum (fun k => n k ^ 2 * dot (s k w) (u k w)) (seq 0 K)) =
     sum (fun k => n k * (1 - n k) * dot (fun i => E (fun w => s k w i)) mu) (seq 0 K)).

Section Proof.
Variables (outcomes K d : nat) (q n mu : nat -> R) (xi : nat -> nat -> nat -> R).
Let E := mean outcomes q.
Hypothesis One : sum q (seq 0 outcomes) = 1.
Hypothesis Weights : sum n (seq 0 K) = 1.
Hypothesis Ind : independent outcomes K q mu xi.
Hypothesis Centred : forall k i, In k (seq 0 K) -> E (fun w => xi k w i) = 0.

Lemma mean_ext f g : (forall w, f w = g w) -> E f = E g.
Proof. intros H. apply sum_ext. intros w _. now rewrite H. Qed.
Lemma mean_plus f g : E (fun w => f w + g w) = E f + E g.
Proof. unfold E, mean. rewrite <- sum_plus. apply sum_ext. intros; ring. Qed.
Lemma mean_minus f g : E (fun w => f w - g w) = E f - E g.
Proof. unfold E, mean. rewrite <- sum_minus. apply sum_ext. intros; ring. Qed.
Lemma mean_scale a f : E (fun w => a * f w) = a * E f.
Proof. unfold E, mean. rewrite <- sum_scale. apply sum_ext. intros; ring. Qed.
Lemma mean_const a : E (fun _ => a) = a.
Proof. unfold E, mean. rewrite (sum_ext _ (fun w => a * q w)) by (intros; ring). rewrite sum_scale, One. ring. Qed.
Lemma mean_sum (f : nat -> nat -> R) l : E (fun w => sum (fun k => f k w) l) = sum (fun k => E (f k)) l.
Proof.
  unfold E, mean. rewrite <- sum_swap. apply sum_ext. intros w _. now rewrite sum_scale.
Qed.

Lemma mean_u k i : In k (seq 0 K) -> E (fun w => u mu xi k w i) = mu i.
Proof. intros L. unfold u. rewrite mean_plus, mean_const, (Centred k i L). ring. Qed.

(* The double sum over clients without its diagonal. *)
Lemma double (a b : nat -> R) l : sum (fun j => n j * a j) l * sum (fun k => n k * b k) l =
  sum (fun j => sum (fun k => n j * n k * (a j * b k)) l) l.
Proof.
  rewrite <- (Rmult_comm (sum (fun k => n k * b k) l)), <- sum_scale. apply sum_ext. intros j _.
  rewrite <- (Rmult_comm (n j * a j)), <- sum_scale. apply sum_ext. intros; ring.
Qed.

Lemma dot_scale a x y : dot d (fun i => a * x i) y = a * dot d x y.
Proof. unfold dot. rewrite <- sum_scale. apply sum_ext. intros; ring. Qed.

Lemma mean_dot x y : E (fun w => dot d (x w) (y w)) = sum (fun i => E (fun w => x w i * y w i)) (seq 0 d).
Proof. unfold dot. exact (mean_sum (fun i w => x w i * y w i) (seq 0 d)). Qed.

(* Row j of the double sum in the mean: client j against all others. *)
Lemma row (send : nat -> (nat -> R) -> nat -> R) j i : In j (seq 0 K) ->
  sum (fun k => n j * n k * E (fun w => send j (u mu xi j w) i * u mu xi k w i)) (seq 0 K) =
  n j ^ 2 * E (fun w => send j (u mu xi j w) i * u mu xi j w i) +
  n j * (1 - n j) * (E (fun w => send j (u mu xi j w) i) * mu i).
Proof.
  intros L. set (D := E (fun w => send j (u mu xi j w) i * u mu xi j w i)). set (S := E (fun w => send j (u mu xi j w) i)).
  transitivity (sum (fun k => kept [j] k * (n j ^ 2 * (D - S * mu i)) + n j * (S * mu i) * n k) (seq 0 K)).
  - apply sum_ext. intros k Lk. destruct (Nat.eq_dec k j) as [->|N].
    + rewrite kept_in by now left. fold D. ring.
    + rewrite kept_out by (intros [X|[]]; congruence).
      assert (P := Ind j k L Lk (fun X => N (eq_sym X)) (fun x => send j x i) (fun x => x i)). cbv beta in P. fold E in P.
      rewrite P, mean_u by exact Lk. fold S. ring.
  - rewrite sum_plus, sum_scale, Weights, (sum_kept (fun _ => n j ^ 2 * (D - S * mu i)));
      [|repeat constructor; tauto|intros ? [<-|[]]; exact L|apply seq_NoDup]. cbn [total add reals]. cbn. ring.
Qed.

Lemma honest (send : nat -> (nat -> R) -> nat -> R) :
  E (fun w => dot d (average K n (fun k => send k (u mu xi k w))) (average K n (fun k => u mu xi k w)) -
    sum (fun k => n k ^ 2 * dot d (send k (u mu xi k w)) (u mu xi k w)) (seq 0 K)) =
  sum (fun k => n k * (1 - n k) * dot d (fun i => E (fun w => send k (u mu xi k w) i)) mu) (seq 0 K).
Proof.
  rewrite mean_minus, mean_dot.
  rewrite (sum_ext _ (fun i => sum (fun j => sum (fun k => n j * n k * E (fun w => send j (u mu xi j w) i * u mu xi k w i))
    (seq 0 K)) (seq 0 K))).
  2: { intros i _. unfold average. rewrite (mean_ext _ (fun w => sum (fun j => sum (fun k => n j * n k *
         (send j (u mu xi j w) i * u mu xi k w i)) (seq 0 K)) (seq 0 K))) by (intros; apply double).
       rewrite (mean_sum (fun j w => sum (fun k => n j * n k * (send j (u mu xi j w) i * u mu xi k w i)) (seq 0 K))).
       apply sum_ext. intros j _.
       rewrite (mean_sum (fun k w => n j * n k * (send j (u mu xi j w) i * u mu xi k w i))). apply sum_ext. intros k _.
       apply mean_scale. }
  rewrite (mean_sum (fun k w => n k ^ 2 * dot d (send k (u mu xi k w)) (u mu xi k w))).
  rewrite (sum_swap (fun i j => sum (fun k => n j * n k * E (fun w => send j (u mu xi j w) i * u mu xi k w i)) (seq 0 K))).
  rewrite <- sum_minus. apply sum_ext. intros j L. rewrite mean_scale, mean_dot.
  rewrite (sum_ext _ (fun i => n j ^ 2 * E (fun w => send j (u mu xi j w) i * u mu xi j w i) +
    n j * (1 - n j) * (E (fun w => send j (u mu xi j w) i) * mu i))) by (intros; now apply row).
  rewrite sum_plus, !sum_scale. unfold dot. ring.
Qed.
End Proof.

Theorem proved : claim.
Proof.
  intros outcomes K d q n mu xi E dotd One Weights Ind Centred U square squares. split; [|split].
  - intros S. pose proof (honest outcomes K d q n mu xi One Weights Ind Centred (fun _ x => x)) as H. cbv beta in H.
    rewrite (mean_ext outcomes q _ (fun w => / (1 - squares) * (square (average K n (fun k => U k w)) -
      sum (fun k => n k ^ 2 * square (U k w)) (seq 0 K)))) by (intros; unfold Rdiv; ring).
    rewrite (mean_scale outcomes q). unfold square, dotd, U in *. rewrite H.
    rewrite (sum_ext _ (fun k => (n k - n k ^ 2) * dot d mu mu)).
    + rewrite (sum_ext _ (fun k => dot d mu mu * (n k - n k ^ 2))) by (intros; ring). rewrite sum_scale, sum_minus, Weights.
      fold squares. field. lra.
    + intros k L. replace (dot d (fun i => mean outcomes q (fun w => u mu xi k w i)) mu) with (dot d mu mu); [ring|].
      apply sum_ext. intros i _. f_equal. symmetry. now apply (mean_u outcomes K q mu xi One Centred).
  - intros noise N. rewrite (mean_sum outcomes q (fun k w => n k * square (U k w))).
    rewrite (sum_ext _ (fun k => (square mu + noise) * n k)); [rewrite sum_scale, Weights; ring|].
    intros k L. rewrite (mean_scale outcomes q). rewrite <- (N k L). rewrite (Rmult_comm _ (n k)). f_equal.
    unfold square, dotd. rewrite (mean_dot outcomes d q), (mean_dot outcomes d q). unfold dot. rewrite <- sum_plus.
    apply sum_ext. intros i _. unfold U, u.
    rewrite (mean_ext outcomes q _ (fun w => mu i * mu i + (2 * mu i * xi k w i + xi k w i * xi k w i))) by (intros; ring).
    rewrite (mean_plus outcomes q), (mean_const outcomes q One), (mean_plus outcomes q), (mean_scale outcomes q (2 * mu i)).
    pose proof (Centred k i L) as C. unfold E in C. rewrite C. ring.
  - intros send s. apply honest; assumption.
Qed.
