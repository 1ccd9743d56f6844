(* The order of a sort is stable: what came first of equals still does, and a prefix holds what comes before its items. *)
From Coq Require Import Reals Lra List Bool Arith.
From CWMP Require Export Prices.
Import ListNotations.
Open Scope R_scope.

Definition precedes (a b : nat) (l : list nat) : Prop := exists x y, l = x ++ a :: y /\ In b y.

Lemma precedes_cons i a b l : precedes a b l -> precedes a b (i :: l).
Proof. intros (x & y & -> & H). exists (i :: x), y. auto. Qed.
Lemma precedes_app a b k l : precedes a b l -> precedes a b (k ++ l).
Proof. intros H. induction k; cbn; [exact H|now apply precedes_cons]. Qed.
Lemma precedes_more a b k l : precedes a b k -> precedes a b (k ++ l).
Proof. intros (x & y & -> & H). exists x, (y ++ l). rewrite <- app_assoc. split; [auto|]. apply in_or_app. now left. Qed.

Lemma insert_in first i l j : In j (insert first i l) <-> i = j \/ In j l.
Proof. pose proof (insert_perm first i l) as P. split; intros H; [now apply (Permutation.Permutation_in _ P) in H|].
  apply (Permutation.Permutation_in _ (Permutation.Permutation_sym P)). exact H. Qed.

Lemma insert_precedes first i a b l : precedes a b l -> precedes a b (insert first i l).
Proof.
  intros (x & y & -> & H). induction x as [|j x IH]; cbn.
  - destruct first; [exists [i], y; auto|]. exists [], (insert first i y). split; [auto|]. apply insert_in. now right.
  - destruct first; [exists (i :: j :: x), y; auto|]. now apply precedes_cons.
Qed.
Lemma insert_first first a b l : In b l -> first a b = true -> precedes a b (insert first a l).
Proof.
  intros H F. induction l as [|j l IH]; [destruct H|]. cbn. destruct (first a j) eqn:E; [exists [], (j :: l); auto|].
  destruct H as [->|H]; [congruence|]. now apply precedes_cons, IH.
Qed.
Lemma sort_precedes first a b l : precedes a b l -> first a b = true -> precedes a b (sort first l).
Proof.
  intros (x & y & -> & H) F. induction x as [|j x IH]; cbn.
  - apply insert_first; [now apply sort_in|exact F].
  - now apply insert_precedes.
Qed.

Lemma prefix_precedes cost a b l : forall room, NoDup l -> precedes a b l -> In b (prefix reals cost room l) ->
  In a (prefix reals cost room l).
Proof.
  induction l as [|i l IH]; intros room N (x & y & E & H) L; cbn in *; [destruct L|].
  apply NoDup_cons_iff in N as [Ni N]. destruct (Rle_dec (cost i) room) as [F|F]; [|destruct L].
  destruct x as [|j x]; injection E as -> E; [now left|right]. destruct L as [->|L].
  - exfalso. apply Ni. rewrite E. apply in_or_app. right. now right.
  - apply IH; [exact N|now exists x, y|exact L].
Qed.
