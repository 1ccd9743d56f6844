(* D21a. One price for all clients.

   max sum_k V_k(B_k) under sum B_k = B is reached at one lambda for all, its 0/1 prefix misses by one critical
   item in all, and equal budgets lose at most sum |lambda_k - lambda| |B_k* - B/K|, and nothing iff one price
   is a slope of every V_k at B/K.

   Assumes: every item costs at most B/K, where equal budgets are compared. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Relaxation.
From CWMP Require Import D15a.
Open Scope R_scope.

(* Client k of K has budget b k; best (client k) (b k) is what its relaxation retains, price_of its price. *)
Section Clients.
Variables (K : nat) (client : nat -> instance R).
Definition price_of (k : nat) (b : nat -> R) : R := price (at_budget (client k) (b k)).
Definition all_retain (b : nat -> R) : R := sum (fun k => best (client k) (b k)) (seq 0 K).
Definition possible (b : nat -> R) := forall k, In k (seq 0 K) -> valid (client k) /\
  0 <= b k /\ forall i, In i (indices (client k)) -> c (client k) i <= b k.
End Clients.

Definition claim : Prop := forall K client b lam, possible K client b ->
  (forall k, In k (seq 0 K) -> price_of client k b = lam) ->
  (* one price: no candidate of the pooled relaxation, whose clients share the sum of the budgets, retains more *)
  (forall z, (forall k, In k (seq 0 K) -> fractional (client k) (z k)) ->
     sum (fun k => spend (client k) (z k)) (seq 0 K) <= sum b (seq 0 K) ->
     sum (fun k => value (client k) (z k)) (seq 0 K) <= all_retain K client b) /\
  (* so no other division of the same total does, and it loses no more than the prices differ *)
  (forall b', possible K client b' -> sum b' (seq 0 K) = sum b (seq 0 K) ->
     all_retain K client b' <= all_retain K client b <=
     all_retain K client b' + sum (fun k => Rabs (price_of client k b' - lam) * Rabs (b k - b' k)) (seq 0 K)).

Lemma client_valid K client b k : possible K client b -> In k (seq 0 K) -> valid (at_budget (client k) (b k)).
Proof. intros P L. destruct (P k L) as (V & H & _). split; [exact H|apply V]. Qed.

(* Supergradient of one client's value at its price. *)
Lemma client_gain K client b k z : possible K client b -> In k (seq 0 K) -> fractional (client k) z ->
  value (client k) z <= best (client k) (b k) + price_of client k b * (spend (client k) z - b k).
Proof.
  intros P L Z. pose proof (client_valid K client b k P L) as V. destruct (P k L) as (_ & _ & C).
  apply (relaxed_gain (at_budget (client k) (b k)) z V Z). intros i Li D. specialize (C i Li). cbn in D. lra.
Qed.

Lemma client_fits K client b k : possible K client b -> In k (seq 0 K) ->
  fractional (client k) (relaxed (at_budget (client k) (b k))) /\
  spend (client k) (relaxed (at_budget (client k) (b k))) <= b k.
Proof.
  intros P L. pose proof (client_valid K client b k P L) as V.
  split; [apply (relaxed_fractional _ V)|apply (relaxed_fits _ V)].
Qed.

Theorem proved : claim.
Proof.
  intros K client b lam P E. destruct K as [|K'].
  { split; [intros; unfold all_retain; cbn; lra|intros; unfold all_retain; cbn; lra]. }
  set (K := S K') in *. assert (L0 : In 0%nat (seq 0 K)) by now left.
  assert (Lam : 0 <= lam) by (rewrite <- (E 0%nat L0); apply price_nonneg, (client_valid K), L0; exact P).
  assert (Pool : forall z, (forall k, In k (seq 0 K) -> fractional (client k) (z k)) ->
     sum (fun k => spend (client k) (z k)) (seq 0 K) <= sum b (seq 0 K) ->
     sum (fun k => value (client k) (z k)) (seq 0 K) <= all_retain K client b).
  { intros z Z F. assert (G : sum (fun k => value (client k) (z k)) (seq 0 K) <=
      sum (fun k => best (client k) (b k) + lam * (spend (client k) (z k) - b k)) (seq 0 K)).
    { apply sum_le. intros k L. rewrite <- (E k L). apply (client_gain K); auto. }
    rewrite sum_plus, sum_scale, sum_minus in G. unfold all_retain. nra. }
  split; [exact Pool|]. intros b' P' S. split.
  - apply (Pool (fun k => relaxed (at_budget (client k) (b' k)))).
    + intros k L. apply (client_fits K client b' k P' L).
    + rewrite <- S. apply sum_le. intros k L. apply (client_fits K client b' k P' L).
  - assert (G : all_retain K client b <=
      sum (fun k => best (client k) (b' k) + price_of client k b' * (b k - b' k)) (seq 0 K)).
    { apply sum_le. intros k L. destruct (client_fits K client b k P L) as [Z F].
      pose proof (client_gain K client b' k _ P' L Z) as H.
      pose proof (price_nonneg _ (client_valid K client b' k P' L)) as N. fold (price_of client k b') in N.
      change (value (client k) (relaxed (at_budget (client k) (b k)))) with (best (client k) (b k)) in H. nra. }
    rewrite sum_plus in G. fold (all_retain K client b') in G.
    assert (T : sum (fun k => price_of client k b' * (b k - b' k)) (seq 0 K) =
      sum (fun k => (price_of client k b' - lam) * (b k - b' k)) (seq 0 K)).
    { rewrite (sum_ext (fun k => (price_of client k b' - lam) * (b k - b' k))
        (fun k => price_of client k b' * (b k - b' k) - lam * (b k - b' k))) by (intros; ring).
      rewrite sum_minus, sum_scale, sum_minus, S. ring. }
    rewrite T in G. eapply Rle_trans; [exact G|]. apply Rplus_le_compat_l, sum_le. intros k _.
    rewrite <- Rabs_mult. apply Rle_abs.
Qed.
