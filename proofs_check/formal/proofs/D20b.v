(* D20b. Cheaper at equal sparsity is better at equal energy.

   If S is the k best by |g|/c and costs less than Top-K's k, Top-K with the energy c(S) retains at most p(S).

   Assumes: none. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Counting Examples.
From CWMP Require Import D20a.
Import ListNotations.
Open Scope R_scope.

(* g is |g|, T a set of k largest. *)
Definition claim : Prop := forall n k g c S T, (forall i, In i (seq 0 n) -> 0 < g i /\ 0 < c i) ->
  k_best n k (fun i => g i / c i) S -> k_best n k g T -> sum c S < sum c T ->
  let I := Instance n (fun i => g i ^ 2) c (sum c S) in sum (p I) (top_k reals I) <= sum (p I) S.

(* |g| = (2, 2, 3), c = (2, 2, 4): the first two are best by |g|/c and retain 8 for 4 joules, the third retains 9. *)
Theorem refuted : ~ claim.
Proof.
  intros H. set (g := fun i => nth i [2; 2; 3] 0). set (c := fun i => nth i [2; 2; 4] 0).
  specialize (H 3%nat 2%nat g c [0; 1]%nat [0; 2]%nat).
  assert (E : top_k reals (Instance 3 (fun i => g i ^ 2) c (sum c [0; 1]%nat)) = [2]%nat).
  { unfold top_k, by_score, eligible, larger, indices, g, c. decide_reals; auto. }
  cbv zeta in H. rewrite E in H. assert (X : 9 <= 8); [|lra].
  replace 9 with (sum (fun i => g i ^ 2) [2%nat]) by (unfold g; cbn; lra).
  replace 8 with (sum (fun i => g i ^ 2) [0; 1]%nat) by (unfold g; cbn; lra).
  assert (N : forall a b, a <> b -> NoDup [a; b : nat]).
  { intros a b D. constructor; [intros [Q|[]]; now apply D|repeat constructor; intros []]. }
  apply H.
  - intros i L. cbn in L. destruct L as [<-|[<-|[<-|[]]]]; unfold g, c; cbn; lra.
  - split; [apply N; discriminate|]. split; [intros i [<-|[<-|[]]]; cbn; auto|]. split; [reflexivity|].
    intros i j Li Lj Nj. cbn in Lj. destruct Lj as [<-|[<-|[<-|[]]]]; cbn in Nj; try tauto.
    destruct Li as [<-|[<-|[]]]; unfold g, c; cbn; lra.
  - split; [apply N; discriminate|]. split; [intros i [<-|[<-|[]]]; cbn; auto|]. split; [reflexivity|].
    intros i j Li Lj Nj. cbn in Lj. destruct Lj as [<-|[<-|[<-|[]]]]; cbn in Nj; try tauto.
    destruct Li as [<-|[<-|[]]]; unfold g; cbn; lra.
  - unfold c. cbn. lra.
Qed.
